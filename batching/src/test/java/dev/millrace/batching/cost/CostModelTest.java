// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import java.util.SplittableRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What batches cost is learned from those that run, on machines whose costs are known. */
class CostModelTest {
  private static final int MAX_ROWS = 32;
  private static final Percentage CLOSELY = withPercentage(2);

  private final SplittableRandom random = new SplittableRandom(42);
  private final CostModel model = new CostModel(MAX_ROWS);

  private Curve curve() {
    return model.curve(1);
  }

  private void run(FakeMachine machine, int rows) {
    model.observe(1, rows, machine.run(rows));
  }

  /** Batches of any size. */
  private void run(FakeMachine machine, int batches, int fromRows, int toRows) {
    for (int i = 0; i < batches; i++) {
      run(machine, random.nextInt(fromRows, toRows + 1));
    }
  }

  /** As a saturated queue does it: always the largest batch that is allowed. */
  private void saturate(FakeMachine machine, int batches) {
    for (int i = 0; i < batches; i++) {
      run(machine, curve().limit());
    }
  }

  private void assertPredicts(FakeMachine machine, Percentage closely) {
    for (int rows = 1; rows <= MAX_ROWS; rows++) {
      assertThat((double) curve().mean(rows))
          .as("mean of %d rows", rows)
          .isCloseTo(machine.mean(rows), closely);
    }
  }

  // --- what is learned

  @Test
  void learnsALineFromAHundredBatches() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000);

    run(machine, 100, 1, MAX_ROWS);

    assertPredicts(machine, CLOSELY);
    assertThat(curve().alpha()).isCloseTo(5_000_000, CLOSELY);
    assertThat(curve().beta()).isCloseTo(1_000_000, CLOSELY);
  }

  @Test
  void noiseOfTenPercentMovesTheWholeByTwoPercentAtMost() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.1);

    run(machine, 100, 1, MAX_ROWS);

    double sum = 0;
    for (int rows = 1; rows <= MAX_ROWS; rows++) {
      sum += curve().mean(rows) / machine.mean(rows) / MAX_ROWS;
    }
    assertThat(sum).isCloseTo(1, CLOSELY);
    assertPredicts(machine, withPercentage(12));
    assertThat(curve().variation()).isBetween(0.05, 0.15);
  }

  @Test
  void learnsWhatIsNotALine() {
    // a step at every eighth row, as of a machine that works in eights
    FakeMachine machine = FakeMachine.of(rows -> 1_000_000 + 800_000 * Math.ceilDiv(rows, 8));

    run(machine, 2000, 1, MAX_ROWS);

    for (int rows = 1; rows < 8; rows++) {
      assertThat((double) curve().mean(rows)).isCloseTo(machine.mean(rows), withPercentage(5));
    }
    assertPredicts(machine, withPercentage(25));
  }

  @Test
  void whatWasRunOftenIsKnownBetterThanTheLineSays() {
    FakeMachine machine = FakeMachine.of(rows -> rows < 10 ? 1_000_000 : 6_000_000);

    run(machine, 2000, 1, 16);

    assertThat((double) curve().mean(7)).isCloseTo(1_000_000, withPercentage(10));
    assertThat((double) curve().mean(12)).isCloseTo(6_000_000, withPercentage(10));
  }

  @Test
  void predictionsRiseWithTheRowsWhateverWasMeasured() {
    FakeMachine falling = FakeMachine.of(rows -> 8_000_000.0 / rows).withNoise(0.5);

    run(falling, 500, 1, MAX_ROWS);

    for (int rows = 1; rows < 4 * MAX_ROWS; rows++) {
      assertThat(curve().mean(rows + 1)).isGreaterThanOrEqualTo(curve().mean(rows));
    }
  }

  @Test
  void oneSizeSeenSaysOfOthersWhatIsBetweenNothingAndAllOfItsTime() {
    run(FakeMachine.line(1_000_000, 1_000_000), 20, 4, 4);

    assertThat((double) curve().mean(4)).isCloseTo(5_000_000, CLOSELY);
    assertThat(curve().mean(1)).isBetween(1_250_000L, 5_000_000L);
    assertThat(curve().mean(8)).isBetween(5_000_000L, 10_000_000L);
    assertThat(curve().alpha()).isPositive();
    assertThat(curve().beta()).isPositive();
  }

  // --- what disturbs

  @Test
  void pausesThatComeNowAndThenHardlyCount() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.03);

    for (int i = 1; i <= 2000; i++) {
      int rows = random.nextInt(1, MAX_ROWS + 1);
      model.observe(1, rows, machine.run(rows) * (i % 50 == 0 ? 20 : 1));
    }

    assertPredicts(machine, withPercentage(5));
  }

  /** One that all replicas meet is as many long runs in a row, and no slower machine. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4, 8, 16})
  void aPauseThatAllReplicasMeetHardlyCounts(int replicas) {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.03);
    model.running(replicas);
    run(machine, 1000, 1, MAX_ROWS);

    for (int i = 0; i < replicas; i++) {
      model.observe(1, 4, 10 * machine.run(4));
    }

    assertThat((double) curve().mean(4)).isCloseTo(machine.mean(4), withPercentage(30));
  }

  @Test
  void theFirstRunThatPaysForEverythingIsForgotten() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000);
    model.observe(1, 1, 100 * machine.run(1));

    saturate(machine, 60);

    assertPredicts(machine, withPercentage(10));
    assertThat((double) curve().mean(1)).isCloseTo(machine.mean(1), CLOSELY);
  }

  @ParameterizedTest
  @ValueSource(doubles = {3, 1.0 / 3, 1.4, 10})
  void aMachineThatChangesIsKnownAgainInAllSizesAfterTwoHundredBatches(double slower) {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.05);
    run(machine, 1000, 1, MAX_ROWS);
    machine.becomes(slower);

    run(machine, 200, 1, 3); // the others are not visited

    assertPredicts(machine, withPercentage(15));
  }

  @Test
  void aMachineThatChangesBackIsKnownAgain() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.05);
    run(machine, 1000, 1, MAX_ROWS);

    for (int times = 0; times < 4; times++) {
      machine.becomes(3);
      run(machine, 200, 1, MAX_ROWS);
      assertPredicts(machine, withPercentage(15));
      machine.becomes(1);
      run(machine, 200, 1, MAX_ROWS);
      assertPredicts(machine, withPercentage(15));
    }
  }

  @Test
  void timesThatVaryTenfoldBreakNothingAndMakeItCareful() {
    FakeMachine steady = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.05);
    run(steady, 500, 1, MAX_ROWS);
    double careBefore = (double) curve().plus(8) / curve().mean(8);

    for (int i = 0; i < 2000; i++) {
      int rows = random.nextInt(1, MAX_ROWS + 1);
      model.observe(1, rows, (long) (steady.mean(rows) * random.nextDouble(0.3, 3)));
    }

    assertThat((double) curve().plus(8) / curve().mean(8)).isGreaterThan(careBefore + 0.2);
    assertThat(curve().mean(8) / steady.mean(8)).isBetween(0.3, 3.0);
    assertThat(curve().cap()).isBetween(1, MAX_ROWS);
    for (int rows = 1; rows < MAX_ROWS; rows++) {
      assertThat(curve().mean(rows + 1)).isGreaterThanOrEqualTo(curve().mean(rows));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 1, Long.MAX_VALUE})
  void timesThatCannotBeAreSurvived(long nanos) {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000);
    for (int i = 0; i < 20; i++) {
      model.observe(1, 1 + i % 8, nanos);
    }
    assertThat(curve().mean(8)).isPositive();
    assertThat(curve().alpha()).isFinite().isNotNegative();
    assertThat(curve().beta()).isFinite().isPositive();
    assertThat(curve().variation()).isFinite();

    run(machine, 2000, 1, 8);

    assertThat((double) curve().mean(4)).isCloseTo(machine.mean(4), withPercentage(25));
  }

  // --- how large batches may be

  @Test
  void beginsWithOneRowAndDoublesUpToTheBestSize() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000);
    assertThat(curve().limit()).isEqualTo(1);

    int limit = 1;
    for (int batch = 0; batch < 200; batch++) {
      saturate(machine, 1);
      assertThat(curve().limit()).isLessThanOrEqualTo(2 * limit);
      limit = Math.max(limit, curve().limit());
    }

    assertThat(limit).isEqualTo(MAX_ROWS);
    assertThat(curve().cap()).isEqualTo(MAX_ROWS);
  }

  @ParameterizedTest
  @CsvSource({
    // rows from which on a row costs four times as much, and noise
    "8, 0",
    "16, 0",
    "8, 0.05",
    "16, 0.05",
  })
  void stopsDoublingWhereItGetsWorse(int best, double noise) {
    FakeMachine machine =
        FakeMachine.of(rows -> 1_000_000 + 300_000.0 * rows + Math.max(0, rows - best) * 900_000.0)
            .withNoise(noise);

    saturate(machine, 200);

    // the tolerance of a noisy cap favours the smaller of two sizes that are nearly equal
    assertThat(curve().cap()).isBetween(noise == 0 ? best : best / 2, best + best / 4);
    assertThat(curve().limit()).isLessThanOrEqualTo(4 * best);
  }

  @Test
  void reachesTheBestSizeWhileTheQueueIsSeldomLong() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.05);

    for (int i = 0; i < 2000; i++) {
      int waiting = 1 + (int) (random.nextExponential() * 20);
      run(machine, Math.min(waiting, curve().limit()));
    }

    assertThat(curve().cap()).isGreaterThanOrEqualTo(MAX_ROWS / 2);
  }

  /** Where run times vary, the sizes cannot be told apart: see the simulator's tests. */
  @Test
  void aModelThatGainsNothingIsRunRowByRow() {
    saturate(FakeMachine.line(0, 1_000_000), 1000);

    assertThat(curve().cap()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1.5, 2, 3})
  void aWrongFirstImpressionOfLargerBatchesIsCorrected(double timesTooSlow) {
    FakeMachine disturbed =
        FakeMachine.of(rows -> (5e6 + 1e6 * rows) * (rows > 4 ? timesTooSlow : 1));
    saturate(disturbed, 15);
    assertThat(curve().cap()).isLessThanOrEqualTo(8);

    saturate(FakeMachine.line(5_000_000, 1_000_000), 2000);

    assertThat(curve().cap()).isEqualTo(MAX_ROWS);
  }

  @Test
  void aWrongFirstImpressionOfSmallerBatchesIsCorrected() {
    // at first 32 rows are the best by far, as while a program is being compiled; then 8 are
    FakeMachine first = FakeMachine.line(5_000_000, 4_000_000);
    FakeMachine later =
        FakeMachine.of(
                rows -> (rows < 8 ? 2_000_000.0 : rows < 16 ? 1_000_000.0 : 1_200_000.0) * rows)
            .withNoise(0.05);
    saturate(first, 40);
    assertThat(curve().cap()).isEqualTo(32);

    saturate(later, 8000);

    assertThat(curve().cap()).isBetween(8, 16);
  }

  @Test
  void aGainThatBeginsAtEightIsFoundLater() {
    // while the program is compiled, eight take as long as eight times one
    FakeMachine first = FakeMachine.line(0, 1_000_000);
    FakeMachine later = FakeMachine.of(rows -> rows < 8 ? rows * 1e6 : rows * 0.6e6);
    saturate(first, 40);
    assertThat(curve().cap()).isEqualTo(1);

    saturate(later, 4000);

    assertThat(curve().cap()).isGreaterThanOrEqualTo(8);
  }

  /** Smaller batches, by which sizes grow at first, never come. */
  @Test
  void growthBeginsAtTheRowsOfRequests() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000);
    for (int i = 0; i < 20; i++) {
      run(machine, 12);
    }
    assertThat(curve().cap()).isEqualTo(12);
    assertThat(curve().limit()).isEqualTo(24);

    saturate(machine, 40);
    assertThat(curve().cap()).isEqualTo(MAX_ROWS);
  }

  @Test
  void aTrialOfMoreThanEverWaitsEnds() {
    // up to 20 rows wait; 8 is the best
    FakeMachine machine =
        FakeMachine.of(
            rows -> (rows < 8 ? 2_000_000.0 : 1_000_000.0) * rows + rows * rows * 20_000.0);
    int most = 20;
    int beyond = 0;
    for (int i = 0; i < 5000; i++) {
      int rows = Math.min(most, curve().limit());
      beyond += i > 500 && rows > curve().cap() ? 1 : 0;
      run(machine, rows);
    }

    assertThat(curve().cap()).isBetween(8, 12);
    assertThat(beyond).isLessThan(5000 / 16);
  }

  @Test
  void aBatchIsNeverAllowedToBeLargerThanTheLargest() {
    CostModel small = new CostModel(1);
    for (int i = 0; i < 100; i++) {
      small.observe(1, 1, 5_000_000);
      assertThat(small.curve(1).limit()).isEqualTo(1);
      assertThat(small.curve(1).cap()).isEqualTo(1);
    }
  }

  @Test
  void anItemLargerThanABatchTeachesWithoutRaisingTheCap() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000);
    for (int i = 0; i < 50; i++) {
      run(machine, 1 + i % 4);
      run(machine, 10 * MAX_ROWS);
      run(machine, 1_000_000);
    }

    assertThat(curve().cap()).isBetween(1, MAX_ROWS);
    assertThat(curve().limit()).isBetween(1, MAX_ROWS);
    assertThat((double) curve().mean(10 * MAX_ROWS))
        .isCloseTo(machine.mean(10 * MAX_ROWS), withPercentage(10));
  }

  // --- rows of different sizes

  @Test
  void aBucketBeginsWithItsSmallestRow() {
    for (int bucket = 0; bucket < CostModel.buckets() - 8; bucket++) {
      long rowSize = CostModel.rowSizeOf(bucket);

      assertThat(CostModel.bucketOf(rowSize)).isEqualTo(bucket);
      if (rowSize > 0) {
        assertThat(CostModel.bucketOf(rowSize - 1)).isEqualTo(bucket - 1);
      }
    }
  }

  @Test
  void everyRowSizeHasABucket() {
    for (long rowSize = 1; rowSize > 0; rowSize *= 2) {
      assertThat(CostModel.bucketOf(rowSize)).isBetween(0, CostModel.buckets() - 1);
      assertThat(CostModel.bucketOf(rowSize - 1)).isBetween(0, CostModel.buckets() - 1);
    }
    assertThat(CostModel.bucketOf(Long.MAX_VALUE)).isBetween(0, CostModel.buckets() - 1);
    assertThat(CostModel.bucketOf(-7)).isZero();
    assertThat(CostModel.bucketOf(Long.MIN_VALUE)).isZero();
  }

  @Test
  void rowsOfDifferentSizesAreLearnedApart() {
    int small = CostModel.bucketOf(16);
    int large = CostModel.bucketOf(1024);

    for (int i = 0; i < 50; i++) {
      model.observe(small, 1, 1_000_000);
      model.observe(large, 1, 30_000_000);
    }

    assertThat((double) model.curve(small).mean(1)).isCloseTo(1_000_000, CLOSELY);
    assertThat((double) model.curve(large).mean(1)).isCloseTo(30_000_000, CLOSELY);
    assertThat(model.curve(CostModel.bucketOf(100)).isKnown()).isFalse();
  }

  @Test
  void aMachineThatBecomesSlowerIsSlowerForRowsOfAllSizes() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.05);
    for (int i = 0; i < 300; i++) {
      model.observe(40, 1 + i % 8, machine.run(1 + i % 8));
      model.observe(60, 1 + i % 8, 4 * machine.run(1 + i % 8));
    }
    machine.becomes(3);

    run200(machine, 40);
    model.observe(60, 4, 4 * machine.run(4)); // what is read anew is right at once
    run16(machine, 60);

    assertThat((double) model.curve(60).mean(8)).isCloseTo(4 * machine.mean(8), withPercentage(15));
  }

  private void run200(FakeMachine machine, int bucket) {
    for (int i = 0; i < 200; i++) {
      model.observe(bucket, 1 + i % 8, machine.run(1 + i % 8));
    }
  }

  private void run16(FakeMachine machine, int bucket) {
    for (int i = 0; i < 16; i++) {
      model.observe(bucket, 1 + i % 8, 4 * machine.run(1 + i % 8));
    }
  }

  // --- how well

  @Test
  void knowsHowWellItPredicts() {
    FakeMachine machine = FakeMachine.line(5_000_000, 1_000_000).withNoise(0.05);

    run(machine, 3000, 1, MAX_ROWS);

    assertThat(model.error().median()).isBetween(0.01, 0.08);
    assertThat(model.error().p99()).isBetween(0.08, 0.3);
  }
}
