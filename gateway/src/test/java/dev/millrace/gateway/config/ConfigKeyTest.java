// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ConfigKeyTest {
  @Test
  void theListHoldsEveryConstantInTheirOrder() throws Exception {
    List<Object> constants = new ArrayList<>();
    for (Field field : ConfigKey.class.getFields()) {
      if (field.getType() == ConfigKey.class) {
        constants.add(field.get(null));
      }
    }

    assertThat(ConfigKey.ALL).containsExactlyElementsOf(constants.stream().map(this::key).toList());
  }

  @Test
  void aConstantIsCalledLikeItsKey() throws Exception {
    for (ConfigKey<?> key : ConfigKey.ALL) {
      String constant = key.variable().substring("MILLRACE_".length());

      assertThat(ConfigKey.class.getField(constant).get(null)).isSameAs(key);
    }
  }

  @Test
  void noSettingIsCalledLikeAVariableThatIsNone() {
    assertThat(ConfigKey.ALL)
        .extracting(ConfigKey::variable)
        .doesNotContainAnyElementsOf(Environment.OTHERS);
  }

  @Test
  void everyDefaultIsAllowedAndReadsBackAsItself() throws Exception {
    for (ConfigKey<?> key : ConfigKey.ALL) {
      checkDefault(key);
    }
  }

  private <T> void checkDefault(ConfigKey<T> key) throws Exception {
    T value = key.require(key.defaultValue());
    Setting setting = Setting.text(key.name(), key.format(value), Origin.DEFAULT);

    assertThat(key.parse(setting)).as(key.name()).contains(value);
  }

  private ConfigKey<?> key(Object constant) {
    return (ConfigKey<?>) constant;
  }
}
