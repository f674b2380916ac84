// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.Durations;
import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.Outcome;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.RegisteredModel;
import dev.millrace.proto.admin.v1.UpdateStrategy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Changes of two deployments of one model: {@link #BY_NUMBER}, which names its version, and {@link
 * #BY_ALIAS}.
 */
final class KilledChanges {
  static final String MODEL = "fraud";
  static final String BY_NUMBER = "fraud";
  static final String BY_ALIAS = "risk";
  static final String ALIAS = "champion";

  private static final UpdateStrategy CANARY =
      UpdateStrategy.newBuilder()
          .addSteps(30)
          .addSteps(60)
          .setBake(Durations.fromMillis(200))
          .build();
  private static final UpdateStrategy BLUE_GREEN =
      UpdateStrategy.newBuilder().addSteps(100).setBake(Durations.fromMillis(400)).build();
  private static final UpdateStrategy ENDLESS =
      UpdateStrategy.newBuilder().addSteps(50).setBake(Durations.fromSeconds(600)).build();

  private KilledChanges() {}

  /**
   * The change that is under way at that moment.
   *
   * @param before the version that both deployments serve
   * @param next another one
   * @param pushed the number that the next version gets
   * @param files of that version
   */
  static KilledChange of(
      KillMoment moment, long before, long next, long pushed, Map<String, Path> files) {
    return switch (moment) {
      case LOAD -> new Update(before, next, UpdateStrategy.getDefaultInstance());
      case CANARY -> new Update(before, next, CANARY);
      case BLUE_GREEN -> new Update(before, next, BLUE_GREEN);
      case PROMOTE -> new Decision(before, next, true);
      case ROLL_BACK -> new Decision(before, next, false);
      case JOURNAL -> new Labels(before, new AtomicInteger());
      case PUSH -> new Push(before, pushed, files);
      case ALIAS -> new MovedAlias(before, next);
      case SCALE -> new Scale(before);
    };
  }

  static DeploymentSpec byNumber(long version, UpdateStrategy update) {
    return DeploymentSpec.newBuilder()
        .setName(BY_NUMBER)
        .setModel(MODEL)
        .setVersion(Long.toString(version))
        .setUpdate(update)
        .build();
  }

  /** Has both deployments serve a version, whatever was before. */
  static void settle(KilledGateway gateway, long version, String label) throws Exception {
    AdminClient admin = gateway.admin();
    admin.setAlias(MODEL, ALIAS, version);
    admin.apply(byNumber(version, UpdateStrategy.getDefaultInstance()));
    admin.apply(
        DeploymentSpec.newBuilder()
            .setName(BY_ALIAS)
            .setModel(MODEL)
            .setVersion("@" + ALIAS)
            .putLabels("settled", label)
            .build());
    for (String deployment : List.of(BY_NUMBER, BY_ALIAS)) {
      // the first time nothing serves before that
      assertThat(admin.awaitReady(deployment, TestGateway.PATIENCE))
          .isInstanceOf(Outcome.Ready.class);
      awaitVersion(gateway, deployment, version);
    }
  }

  private static void awaitVersion(KilledGateway gateway, String deployment, long version)
      throws Exception {
    await().atMost(TestGateway.PATIENCE).until(() -> gateway.answering(deployment) == version);
    assertThat(gateway.admin().awaitReady(deployment, TestGateway.PATIENCE))
        .isInstanceOf(Outcome.Ready.class);
  }

  /** Another version is declared. */
  private record Update(long before, long next, UpdateStrategy update) implements KilledChange {
    @Override
    public void make(AdminClient admin) {
      admin.apply(byNumber(next, update));
    }

    @Override
    public Set<Long> mayAnswer(String deployment, boolean answered) {
      return deployment.equals(BY_NUMBER) ? Set.of(before, next) : Set.of(before);
    }

    @Override
    public void check(KilledGateway gateway, boolean answered) throws Exception {
      long declared = Long.parseLong(gateway.admin().deployment(BY_NUMBER).getSpec().getVersion());
      assertThat(declared).isIn(answered ? Set.of(next) : Set.of(before, next));
      awaitVersion(gateway, BY_NUMBER, declared);
    }
  }

  /** A canary that waits is promoted, or rolled back. */
  private record Decision(long before, long next, boolean promote) implements KilledChange {
    @Override
    public void prepare(KilledGateway gateway) {
      gateway.admin().apply(byNumber(next, ENDLESS));
      await()
          .atMost(TestGateway.PATIENCE)
          .until(
              () ->
                  gateway
                      .admin()
                      .deployment(BY_NUMBER)
                      .getStatus()
                      .getRollout()
                      .getPhase()
                      .equals("BAKING"));
    }

    @Override
    public void make(AdminClient admin) {
      if (promote) {
        admin.promote(BY_NUMBER);
      } else {
        admin.rollBack(BY_NUMBER);
      }
    }

    @Override
    public Set<Long> mayAnswer(String deployment, boolean answered) {
      if (!deployment.equals(BY_NUMBER)) {
        return Set.of(before);
      }
      return answered ? Set.of(promote ? next : before) : Set.of(before, next);
    }

    @Override
    public void check(KilledGateway gateway, boolean answered) {
      if (answered && !promote) {
        // nor is it tried again
        assertThat(gateway.admin().deployment(BY_NUMBER).getStatus().getRollout().getPhase())
            .isEmpty();
      }
    }
  }

  /** The deployment's file is written, and written again. */
  private record Labels(long before, AtomicInteger written) implements KilledChange {
    @Override
    public void make(AdminClient admin) {
      while (true) {
        admin.apply(
            byNumber(before, UpdateStrategy.getDefaultInstance()).toBuilder()
                .putLabels("number", Integer.toString(written.get() + 1))
                .build());
        written.incrementAndGet();
      }
    }

    @Override
    public Set<Long> mayAnswer(String deployment, boolean answered) {
      return Set.of(before);
    }

    @Override
    public void check(KilledGateway gateway, boolean answered) {
      String number =
          gateway.admin().deployment(BY_NUMBER).getSpec().getLabelsOrDefault("number", "0");
      assertThat(Integer.parseInt(number)).isBetween(written.get(), written.get() + 1);
    }
  }

  /** A version is pushed, with more bytes than a moment takes. */
  private record Push(long before, long number, Map<String, Path> files) implements KilledChange {
    @Override
    public void make(AdminClient admin) throws Exception {
      admin.push(PushHeader.newBuilder().setModel(MODEL).build(), files);
    }

    @Override
    public Set<Long> mayAnswer(String deployment, boolean answered) {
      return Set.of(before);
    }

    /** It is there as a whole, or not at all. */
    @Override
    public void check(KilledGateway gateway, boolean answered) throws Exception {
      RegisteredModel model = gateway.admin().model(MODEL);
      long highest = model.getVersions(model.getVersionsCount() - 1).getVersion();
      assertThat(highest).isIn(answered ? Set.of(number) : Set.of(number - 1, number));
      if (highest == number) {
        gateway.admin().apply(byNumber(number, UpdateStrategy.getDefaultInstance()));
        awaitVersion(gateway, BY_NUMBER, number);
      }
    }
  }

  /** The alias that a deployment follows means another version. */
  private record MovedAlias(long before, long next) implements KilledChange {
    @Override
    public void make(AdminClient admin) {
      admin.setAlias(MODEL, ALIAS, next);
    }

    @Override
    public Set<Long> mayAnswer(String deployment, boolean answered) {
      return deployment.equals(BY_ALIAS) ? Set.of(before, next) : Set.of(before);
    }

    @Override
    public void check(KilledGateway gateway, boolean answered) throws Exception {
      long meant = gateway.admin().model(MODEL).getAliasesOrThrow(ALIAS);
      assertThat(meant).isIn(answered ? Set.of(next) : Set.of(before, next));
      awaitVersion(gateway, BY_ALIAS, meant);
    }
  }

  private record Scale(long before) implements KilledChange {
    private static final int REPLICAS = 3;

    @Override
    public void make(AdminClient admin) {
      admin.scale(BY_NUMBER, REPLICAS);
    }

    @Override
    public Set<Long> mayAnswer(String deployment, boolean answered) {
      return Set.of(before);
    }

    @Override
    public void check(KilledGateway gateway, boolean answered) {
      var deployment = gateway.admin().deployment(BY_NUMBER);
      int declared = deployment.getSpec().getReplicas();
      assertThat(declared).isIn(answered ? Set.of(REPLICAS) : Set.of(0, REPLICAS));
      assertThat(deployment.getStatus().getVersions(0).getReplicas())
          .isEqualTo(Math.max(1, declared));
    }
  }
}
