// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadShape;
import dev.millrace.loadtest.load.LoadedServer;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Observation;
import dev.millrace.loadtest.load.Samples;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.load.WarmUp;
import dev.millrace.loadtest.workload.Variant;
import io.grpc.Status;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
final class BenchCommandTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Stop stop = new Stop();
  private FakeServers servers = new FakeServers();

  private int bench(String... arguments) {
    List<String> all = new ArrayList<>(List.of("bench", "127.0.0.1:8001"));
    all.addAll(List.of(arguments));
    Shell shell =
        new Shell(new PrintWriter(out, true), new PrintWriter(err, true), false, stop, () -> {});
    return CommandLineInterface.commandLine(shell, servers).execute(all.toArray(String[]::new));
  }

  @Test
  void printsATableOfOneLoad() {
    assertThat(bench("iris", "--duration", "2s")).isZero();

    assertThat(out.toString()).startsWith("2,000 OK of 2,000 requests in 2.0 s: 1,000/s");
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void optionsReachTheGenerator() {
    bench(
        "iris",
        "--connections=4",
        "--event-loops=3",
        "--deadline=20ms",
        "--agree",
        "--check-every=7",
        "--seed=9");

    LoadOptions options = servers.connected().getFirst();
    assertThat(options.target().getPort()).isEqualTo(8001);
    assertThat(options).isEqualTo(new LoadOptions(options.target(), 4, 3, 20_000_000, 7, 9));
  }

  @Test
  void severalDeadlinesAreOfTheRequestsRatherThanOfTheLoad() {
    assertThat(bench("iris", "--deadline=15ms,75ms@3")).isZero();

    assertThat(servers.connected().getFirst().deadlineNanos()).isZero();
    assertThat(servers.sent().getFirst().variants())
        .extracting(Variant::label, Variant::deadlineNanos, Variant::weight)
        .containsExactly(
            tuple("iris within 15.00 ms", 15_000_000L, 1.0),
            tuple("iris within 75.00 ms", 75_000_000L, 3.0));
  }

  @Test
  void writesJsonAndAPage() throws Exception {
    Path json = folder.resolve("a.json");
    Path html = folder.resolve("a.html");

    assertThat(bench("iris", "--json", json.toString(), "--html", html.toString())).isZero();

    assertThat(json).content().contains("\"count\" : 10000", "\"models\" : \"iris\"");
    assertThat(html).content().startsWith("<!doctype html>").endsWith("</html>\n");
  }

  @Test
  void withJsonOnStandardOutputTheTableIsElsewhere() {
    assertThat(bench("iris", "--json", "-")).isZero();

    assertThat(out.toString()).startsWith("{");
    assertThat(err.toString()).startsWith("10,000 OK");
  }

  @Test
  void findsThePeak() {
    assertThat(bench("iris", "--find-peak", "--slo", "p50=5ms", "--arrivals=constant")).isZero();

    assertThat(out.toString()).contains("peak at p50 ≤ 5.00 ms: ");
    assertThat(err.toString()).contains("meets the goal");
  }

  @Test
  void overloadChoosesADeadlineAndSaysSo() {
    assertThat(bench("iris", "--overload", "--rate", "1000", "--arrivals=constant")).isZero();

    assertThat(servers.connected())
        .extracting(LoadOptions::deadlineNanos)
        .satisfiesExactly(
            search -> assertThat(search).isZero(),
            // five times the simulated median at half the load
            overload -> assertThat(overload).isBetween(5_000_000L, 5_100_000L));
    assertThat(out.toString())
        .contains("4.0 ×  4,000/s")
        .contains("note: no --deadline was given; 5.06 ms is 5 times the median at half the peak");
  }

  @Test
  void comparesTwoServersByTurns() {
    assertThat(bench("iris", "--against", "127.0.0.1:9001", "--rounds", "2")).isZero();

    assertThat(servers.connected()).extracting(o -> o.target().getPort()).contains(8001, 9001);
    assertThat(out.toString()).contains("rate  1,000/s  1,000/s       1.000  1.000  1.000");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --rate=100 --in-flight=3  | --in-flight: not with --rate (an open loop sends when it is time)
          --rate=100 --replay=x     | --rate and --replay: both (expected one of them)
          --rate=0                  | --rate: 0 requests per second (expected above 0, at most 10000000)
          --rate=fast               | --rate: 'fast' (expected like 5000, step:1000,5000@10s or ramp:1000..20000@60s)
          --replay=nowhere          | nowhere: no such file
          --arrivals=poisson        | --arrivals: only with --rate, --find-peak or --overload
          --rate=9 --arrivals=x     | --arrivals: 'x' (expected constant, poisson or burst:N)
          --duration=0              | --duration: '0' (expected a time above 0, like 10s, 500ms or 2m)
          --warm-up=soon            | --warm-up: 'soon' (expected a time above 0, like 10s, 500ms or 2m)
          --deadline=5ms@0          | --deadline: '5ms@0' (expected like 20ms, or 15ms,75ms@2 for twice as many of the second)
          --deadline=1s,2s --overload | --overload: not with several deadlines
          --connections=0           | --connections: 0 (expected 1..10000)
          --in-flight=0             | --in-flight: 0 (expected 1..100000)
          --event-loops=9           | --event-loops: 9 (expected 1..8)
          --slo=p99=9ms             | --slo: only with --find-peak or --overload
          --find-peak --slo=99      | --slo: '99' (expected a percentile and a time, like p99=25ms)
          --find-peak --rate=5      | --find-peak: not with --rate (it chooses rates itself)
          --overload --rate=step:1@1s | --rate: 'step:1@1s' (expected the peak, a number, with --overload)
          --against=b:1 --overload  | --against: not with --find-peak or --overload
          --against=b:x             | server 'b:x' (expected HOST:PORT, like 127.0.0.1:8001)
          --rounds=2                | --rounds: only with --against
          --check-every=2           | --check-every: only with --expect or --agree
          --shape=x                 | --shape: 'x' (expected NAME:DIMS with dimensions of 1 or more, like input_ids:1x64)
          --html=/nowhere/x.html    | --html /nowhere/x.html: /nowhere cannot be written to (expected a folder that can)
          """)
  void argumentsThatDoNotFitAreOneLine(String options, String line) {
    List<String> arguments = new ArrayList<>(List.of("iris"));
    arguments.addAll(List.of(options.split(" ")));

    assertThat(bench(arguments.toArray(String[]::new))).isEqualTo(2);
    assertThat(err.toString().lines()).contains(line);
    assertThat(servers.connected()).isEmpty();
  }

  @Test
  void allThatIsWrongIsSaidAtOnce() {
    assertThat(bench("iris", "--duration=x", "--connections=0", "--rounds=1")).isEqualTo(2);

    assertThat(err.toString().lines()).hasSize(3);
  }

  @Test
  void anUnknownModelIsAFailure() {
    assertThat(bench("unknown")).isEqualTo(1);

    assertThat(err)
        .hasToString("model 'unknown': unknown to 127.0.0.1:8001" + System.lineSeparator());
  }

  @Test
  void anUnknownOptionSuggestsOneThatExists() {
    assertThat(bench("iris", "--conections=3")).isEqualTo(2);

    assertThat(err.toString()).contains("--connections", "'millrace bench --help'");
  }

  @Test
  void aServerThatOnlyFailsIsAFailure() {
    servers =
        new FakeServers(
            () ->
                new Scripted(Samples.of(1, 0, 1_000_000, Map.of(Status.Code.UNAVAILABLE, 10L), 0)));

    assertThat(bench("iris")).isEqualTo(1);
    assertThat(err.toString()).contains("no request succeeded: UNAVAILABLE: <b>full & busy</b>");
  }

  @Test
  void wrongAnswersAreAFailure() {
    servers = new FakeServers(() -> new Scripted(Samples.wrong(Samples.ok(1, 100, 1_000_000), 2)));

    assertThat(bench("iris", "--agree")).isEqualTo(1);
    assertThat(err.toString())
        .contains("2 of the answers that were checked are wrong: output 'y'[0]: 1.5");
  }

  @Test
  void endedDuringTheWarmUpThereIsNothingToReport() {
    stop.ask();

    assertThat(bench("iris")).isEqualTo(130);
    assertThat(err.toString()).startsWith("ended before anything was measured");
  }

  @Test
  void helpShowsExamples() {
    assertThat(bench("--help")).isZero();

    assertThat(out.toString()).contains("--find-peak", "Exit codes:", "Examples:");
    assertThat(folder).isEmptyDirectory();
  }

  /** Measures what it is told, whatever the load. */
  private record Scripted(Measurement measurement) implements LoadedServer {
    @Override
    public void warmUp(LoadShape shape, WarmUp warmUp) {}

    @Override
    public Observation measure(LoadShape shape, long nanos) {
      return new Observation(measurement, List.of());
    }

    @Override
    public void close() {}
  }
}
