// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.cli.TestShell;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a gateway says of its scheduling after a second of load. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SchedulingReportTest {
  private static final int REQUESTS = 600;
  private static final int ROWS = 2;

  private TestGateway gateway;

  /** Rows per second that were sent. */
  private double rate;

  @BeforeAll
  void load(@TempDir Path folder) throws Exception {
    gateway =
        TestGateway.over(folder).model("m", OnnxModels.identity(DataType.FP32, "n", 4)).start();
    ModelInferRequest request = Tensor.request("m", Tensor.rows(ROWS, 1)).build();
    List<Future<ModelInferResponse>> answers = new ArrayList<>();
    long begin = System.nanoTime();
    for (int i = 0; i < REQUESTS; i++) {
      answers.add(gateway.futureStub().modelInfer(request));
      LockSupport.parkNanos(begin + i * 1_500_000L - System.nanoTime());
    }
    for (Future<ModelInferResponse> answer : answers) {
      answer.get(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    rate = REQUESTS * ROWS * 1e9 / (System.nanoTime() - begin);
  }

  @AfterAll
  void stop() {
    gateway.close();
  }

  @Test
  void tellsWhatWasLearnedAndWhatArrived() {
    HttpResponse<String> response = gateway.get("/v2/models/m/scheduling");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
    String json = response.body();
    assertThat(json)
        .startsWith("{\"model\":\"m\",\"version\":\"1\",\"explanation\":[\"")
        .endsWith("}\n");
    assertThat(number(json, "arrived_rows_per_second")).isBetween(rate / 3, rate * 3);
    assertThat(number(json, "rows_per_batch")).isGreaterThanOrEqualTo(ROWS);
    assertThat(number(json, "choosable_rows_per_batch"))
        .isGreaterThanOrEqualTo(number(json, "rows_per_batch"));
    assertThat(number(json, "busy_replicas")).isPositive();
    assertThat(number(json, "share_of_rows")).isEqualTo(1);
    assertThat(number(json, "median_micros")).isBetween(1e6, TestGateway.PATIENCE.toNanos() / 1e3);
    assertThat(number(json, "chosen_rows")).isGreaterThanOrEqualTo(REQUESTS * ROWS);
    assertThat(number(json, "samples")).isPositive();
    assertThat(number(json, "one_row_micros")).isPositive();
    assertThat(number(json, "cap_micros")).isGreaterThanOrEqualTo(number(json, "one_row_micros"));
    assertThat(json)
        .containsPattern("\"curves\":\\[\\{\"shape\":\"1\",.*\"rows\":\\[1,.*\"micros\":");
  }

  @Test
  void aVersionCanBeNamed() {
    assertThat(gateway.get("/v2/models/m/versions/1/scheduling").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/v2/models/m/versions/x/scheduling").statusCode()).isEqualTo(400);
  }

  @Test
  void whatIsNotThereIsNotFoundInJson() {
    HttpResponse<String> unknown = gateway.get("/v2/models/nosuch/scheduling");

    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(unknown.body()).isEqualTo("{\"error\":\"model 'nosuch': not found\"}\n");
    assertThat(gateway.get("/v2/models/m/versions/2/scheduling").statusCode()).isEqualTo(404);
    assertThat(gateway.get("/v2/models/m").statusCode()).isEqualTo(404);
    assertThat(gateway.get("/v2/models/m/scheduling/more").statusCode()).isEqualTo(404);
  }

  @Test
  void prometheusIsToldToo() {
    Exposition metrics = gateway.metrics();

    assertThat(metrics.sum("millrace_chosen_rows_total", "model", "m"))
        .isGreaterThanOrEqualTo(REQUESTS * ROWS)
        .isLessThanOrEqualTo(metrics.sum("millrace_choosable_rows_total", "model", "m"));
    assertThat(metrics.sum("millrace_arrival_rate", "model", "m")).isPositive();
    assertThat(metrics.of("millrace_learned_one_row_seconds", "model", "m", "row_size", "1"))
        .singleElement()
        .satisfies(sample -> assertThat(sample.value()).isBetween(1e-7, 1.0));
    assertThat(metrics.of("millrace_prediction_error_p99", "model", "m")).hasSize(1);
  }

  @Test
  void explainSaysItInWords() {
    TestShell.Run run = explain("m");

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .startsWith("m version 1\n  ")
        .containsPattern("\\d rows/s arrive")
        .contains("ROW SIZE  SAMPLES  1 ROW ");
    assertThat(explain("m", "--version", "1", "--json").out()).startsWith("{\"model\":\"m\"");
  }

  @Test
  void explainSaysWhatIsWrong() {
    String address = "127.0.0.1:" + gateway.gateway().httpPort();

    assertThat(explain("nosuch"))
        .isEqualTo(new TestShell.Run(1, "", address + ": model 'nosuch': not found\n"));
    TestShell.Run unreachable = new TestShell().run("explain", "m", "--http", "127.0.0.1:1");
    assertThat(unreachable.exitCode()).isEqualTo(1);
    assertThat(unreachable.err()).startsWith("127.0.0.1:1: no answer").hasLineCount(1);
    assertThat(new TestShell().run("explain", "m", "--http", "a b:1").exitCode()).isEqualTo(2);
  }

  private TestShell.Run explain(String... arguments) {
    List<String> all = new ArrayList<>(List.of("explain"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--http", "127.0.0.1:" + gateway.gateway().httpPort()));
    return new TestShell().run(all.toArray(new String[0]));
  }

  /** The first member of that name. */
  private static double number(String json, String name) {
    Matcher member = Pattern.compile("\"" + name + "\":([-\\d.E]+)").matcher(json);
    assertThat(member.find()).as(name + " in " + json).isTrue();
    return Double.parseDouble(member.group(1));
  }
}
