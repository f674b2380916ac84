// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.cost.CostModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TicketTest {

  @ParameterizedTest
  @CsvSource({"0, 0, 0", "15, 255, 255", "255, 1, 7", "3, 128, 0"})
  void carriesWhatItWasMadeOf(int deadlineClass, int bucket, int priority) {
    long ticket = Ticket.of(12_345, deadlineClass, bucket, priority);

    assertThat(Ticket.isRefusal(ticket)).isFalse();
    assertThat(Ticket.deadlineClass(ticket)).isEqualTo(deadlineClass);
    assertThat(Ticket.bucket(ticket)).isEqualTo(bucket);
    assertThat(Ticket.priority(ticket)).isEqualTo(priority);
    assertThat(Ticket.work(ticket)).isEqualTo(12_345);
  }

  @ParameterizedTest
  @CsvSource({"-1, 0", "-2147483648, 0", "256, 255", "2147483647, 255"})
  void prioritiesOutOfRangeAreTheNearest(int priority, int expected) {
    long ticket = Ticket.of(0, 3, 9, priority);

    assertThat(Ticket.priority(ticket)).isEqualTo(expected);
    assertThat(Ticket.bucket(ticket)).isEqualTo(9);
    assertThat(Ticket.deadlineClass(ticket)).isEqualTo(3);
  }

  @Test
  void everyBucketFits() {
    for (int bucket = 0; bucket < CostModel.buckets(); bucket++) {
      assertThat(Ticket.bucket(Ticket.of(0, 0, bucket, 1))).isEqualTo(bucket);
    }
  }

  @Test
  void refusalsSayWhy() {
    assertThat(Ticket.isRefusal(Ticket.INFEASIBLE)).isTrue();
    assertThat(Ticket.isRefusal(Ticket.OVERLOAD)).isTrue();
    assertThat(Ticket.rejection(Ticket.INFEASIBLE)).isEqualTo(Rejection.INFEASIBLE);
    assertThat(Ticket.rejection(Ticket.OVERLOAD)).isEqualTo(Rejection.OVERLOAD);
  }
}
