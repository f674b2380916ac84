// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.Rejection;
import org.junit.jupiter.api.Test;

final class ExplanationTest {
  @Test
  void aModelThatNobodyHasAskedIsUnknown() {
    assertThat(new TestReport().explained())
        .containsExactly(
            "Nothing has run yet, so nothing is known: the first batch will be of one row.");
  }

  @Test
  void anUnusedModelTellsItsPast() {
    assertThat(new TestReport().taking(5, 1).choosing(4, 4).explained())
        .containsExactly(
            "No requests now; 1,000 batches of 4 rows on average since the model was loaded.",
            "Batches of 64 carry 928 rows/s a replica, 5.6 times what single rows do.");
  }

  @Test
  void anIdleModelRunsSingleRows() {
    assertThat(new TestReport().taking(2, 1).arriving(12).busy(0.036).explained())
        .startsWith("Idle: 12 rows/s arrive, one row takes 3 ms; batches of 1 are right.")
        .hasSize(2);
  }

  /** The curve allows to try more than the best size that has been seen. */
  @Test
  void largerBatchesThanWereEverRunMayBeInTime() {
    assertThat(
            new TestReport()
                .taking(5, 1, 8)
                .arriving(900)
                .choosing(8, 20)
                .busy(1)
                .due(1000)
                .explained())
        .startsWith("Saturated: 900 rows/s arrive and need 1.5 replicas of 1.");
  }

  @Test
  void aFreeReplicaTakesWhatThereIs() {
    assertThat(new TestReport().taking(5, 1).arriving(120).choosing(1.5, 1.5).busy(0.4).explained())
        .startsWith(
            "Lightly loaded: 120 rows/s arrive, and replicas run 40 % of the time.",
            "Batches of 1.5 rows on average, of 1.5 waiting: a free replica takes what there is,"
                + " since waiting for more would make all of it later.");
  }

  @Test
  void aFewClientsThatWaitForTheirAnswersMakeSmallBatches() {
    assertThat(new TestReport().taking(5, 1).arriving(400).choosing(4, 4.1).busy(0.98).explained())
        .startsWith(
            "Busy: 400 rows/s arrive, and replicas run 98 % of the time.",
            "Batches of 4 rows on average, of 4.1 waiting: a free replica takes what there is, since"
                + " waiting for more would make all of it later; more requests in flight would make"
                + " larger ones, the best are of 64.");
  }

  @Test
  void aBatchIsSplitWhereRowsCostMoreThanBatches() {
    assertThat(new TestReport().taking(5, 1).arriving(500).choosing(12, 40).busy(0.8).explained())
        .contains(
            "Batches of 12 rows on average, of 40 waiting: chosen for the least time to an answer,"
                + " as a batch takes 5 ms and 1 ms more for each row: in one large batch the first"
                + " would wait for the last.");
  }

  @Test
  void aSaturatedModelNeedsMoreReplicas() {
    TestReport saturated =
        new TestReport()
            .taking(5, 1)
            .arriving(900)
            .refusing(900, Rejection.OVERLOAD, 5)
            .choosing(63, 90)
            .busy(1);

    assertThat(saturated.explained())
        .containsExactly(
            "Saturated: 1,800 rows/s arrive and need 1.9 replicas of 1; 900 rows/s are turned away.",
            "Batches of 63 rows on average, of 90 waiting: that is their best size (64: 928 rows/s a"
                + " replica), more would not raise throughput.",
            "Batches of 64 carry 928 rows/s a replica, 5.6 times what single rows do.",
            "2 more replicas would help if cores are free.");
  }

  @Test
  void deadlinesCanKeepBatchesSmall() {
    assertThat(
            new TestReport()
                .taking(2, 0.25)
                .arriving(900)
                .choosing(8, 20)
                .busy(0.9)
                .due(8.2)
                .explained())
        .contains(
            "Batches of 8 rows on average, of 20 waiting: no more fit deadlines of 8.2 ms.",
            "Batches cannot grow: deadlines of 8.2 ms allow 8 rows, the best size is 64; deadlines of"
                + " 36 ms would raise throughput 1.8 times.");
  }

  @Test
  void deadlinesOfThoseFirstInLineCutBatchesShort() {
    assertThat(
            new TestReport()
                .taking(5, 1)
                .arriving(1500)
                .choosing(40, 300)
                .busy(1)
                .due(300)
                .explained())
        .contains(
            "Batches of 40 rows on average, of 300 waiting: those first in line are close to their"
                + " deadlines (300 ms), which cuts batches short.");
  }

  @Test
  void deadlinesCanBeShorterThanARun() {
    assertThat(
            new TestReport()
                .taking(2, 1)
                .arriving(10)
                .refusing(90, Rejection.INFEASIBLE, 1234)
                .due(1.5)
                .busy(0.03)
                .explained())
        .contains(
            "90 rows/s are turned away (so far infeasible 1,234).",
            "One row takes up to 3 ms, which is longer than deadlines of 1.5 ms allow: such requests"
                + " are refused.");
  }

  @Test
  void aModelCanGainNothingFromBatches() {
    assertThat(new TestReport().taking(0.02, 1).arriving(970).choosing(1, 8).busy(1).explained())
        .startsWith("Saturated: 970 rows/s arrive and need 1 replica of 1.")
        .contains(
            "This model gains nothing from batches (64 rows take 63 times one): more replicas"
                + " instead, if cores are free.");
  }

  @Test
  void aLimitCanEndBatchesEarly() {
    assertThat(
            new TestReport()
                .taking(5, 1, 8)
                .upTo(8)
                .arriving(560)
                .choosing(8, 12)
                .busy(0.95)
                .explained())
        .contains(
            "Batches of 8 rows on average, of 12 waiting: that is the largest that max_batch_size"
                + " allows (8: 615 rows/s a replica).",
            "Batches end at max_batch_size (8), where they still get better: larger ones could raise"
                + " throughput up to 1.6 times.");
  }

  @Test
  void unbatchedModelsSayWhy() {
    assertThat(new TestReport().taking(5, 1, 1).unbatched().arriving(100).busy(0.6).explained())
        .containsExactly(
            "Busy: 100 rows/s arrive, and replicas run 60 % of the time.",
            "One request at a time: the graph says so.");
  }

  @Test
  void replicasCanBeTooMany() {
    assertThat(
            new TestReport()
                .taking(5, 1)
                .arriving(30)
                .replicas(4, 4)
                .busy(0.2)
                .waiting(3)
                .explained())
        .contains(
            "4 replicas stand idle 95 % of the time: one would do.",
            "Idle replicas waited for their share of the arrivals 3 times a second, which keeps them"
                + " from taking single rows right behind each other.");
  }

  @Test
  void aReplicaCanHang() {
    assertThat(new TestReport().taking(5, 1).arriving(300).replicas(2, 1).busy(0.9).explained())
        .contains(
            "1 of 2 replicas is not counted on: in a run that takes far longer than predicted.");
  }

  @Test
  void badPredictionsAreTold() {
    assertThat(new TestReport().taking(5, 1).arriving(9).offBy(0.05, 0.4).explained())
        .contains(
            "Predictions are off by 40 % at p99 (median 5 %): run times vary more than their rows"
                + " explain, by other work on the machine, pauses, or inputs that differ in cost.");
  }

  @Test
  void veryBadPredictionsAreToldAsAFactor() {
    assertThat(new TestReport().taking(5, 1).arriving(9).offBy(0.05, 2).explained())
        .anyMatch(sentence -> sentence.startsWith("Predictions are off by a factor of 3 at p99"));
  }

  @Test
  void eventLoopsThatRunBatchesAreTold() {
    assertThat(new TestReport().taking(0.01, 0.001).arriving(9000).onLoops(0.81).explained())
        .contains(
            "81 % of the batches ran on the event loops that their requests came in on, without"
                + " waking a replica.");
  }

  @Test
  void saysHowManyRunsAtATimeDoMost() {
    assertThat(
            new TestReport()
                .taking(5, 1)
                .replicas(4, 2)
                .on("gpu:0", 2, 2, 1.0, 1.4, 1.41)
                .explained())
        .contains(
            "2 runs at a time on gpu:0 do 1.4 times as much as one; a third adds nothing.",
            "2 replicas stand aside until more runs at a time do more.")
        .noneMatch(sentence -> sentence.contains("not counted on"));
  }

  @Test
  void saysThatOneRunAtATimeIsEnough() {
    assertThat(
            new TestReport().taking(5, 1).replicas(2, 1).on("gpu:0", 1, 1, 1.0, 1.02).explained())
        .contains(
            "One run at a time on gpu:0: a second adds nothing.",
            "One replica stands aside until more runs at a time do more.");
  }

  @Test
  void saysThatTwoRunsAtATimeHaveNotBeenSeen() {
    assertThat(new TestReport().taking(5, 1).replicas(2, 1).on("gpu:0", 1, 1, 1.0).explained())
        .contains("One run at a time on gpu:0 so far: what two do has not been seen.");
  }

  @Test
  void oneReplicaOnAGpuIsNothingToSpeakOf() {
    assertThat(new TestReport().taking(5, 1).on("gpu:0", 1, 0, 1.0).explained())
        .noneMatch(sentence -> sentence.contains("gpu:0"));
  }
}
