// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static dev.millrace.loadtest.workload.OipStub.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelInferResponse.InferOutputTensor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkloadsTest {
  @TempDir private Path directory;
  private OipStub server;

  @BeforeEach
  void start() throws IOException {
    server =
        new OipStub()
            .model("mlp", List.of(tensor("x", "FP32", -1, 16)), List.of(tensor("y", "FP32", -1, 4)))
            .model(
                "bert",
                List.of(tensor("ids", "INT64", -1, -1), tensor("mask", "INT64", -1, -1)),
                List.of(tensor("y", "FP32", -1, 1)));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void buildsARequestFromMetadataAlone() throws InvalidProtocolBufferException {
    Workload workload = build(spec("zeros", 3, List.of("mlp:2")));

    assertThat(workload.check()).isSameAs(AnswerCheck.NONE);
    assertThat(workload.variants()).hasSize(1);
    Variant variant = workload.variants().getFirst();
    assertThat(variant.label()).isEqualTo("mlp:2");
    assertThat(variant.model()).isEqualTo("mlp");
    assertThat(variant.rows()).isEqualTo(3);
    assertThat(ModelInferRequest.parseFrom(variant.message()))
        .isEqualTo(
            ModelInferRequest.newBuilder()
                .setModelName("mlp")
                .setModelVersion("2")
                .addInputs(
                    InferInputTensor.newBuilder()
                        .setName("x")
                        .setDatatype("FP32")
                        .addAllShape(List.of(3L, 16L)))
                .addRawInputContents(ByteString.copyFrom(new byte[192]))
                .build());
  }

  @Test
  void mixesModelsAndSequenceLengthsByWeight() {
    Workload workload =
        build(
            spec(
                "random",
                1,
                List.of("mlp=3", "bert"),
                "ids:1x16@3",
                "ids:1x32",
                "mask:1x16",
                "mask:1x32"));

    assertThat(workload.variants())
        .extracting(Variant::label)
        .containsExactly("mlp", "bert [1,16]", "bert [1,32]");
    assertThat(workload.variants()).extracting(Variant::weight).containsExactly(3.0, 0.75, 0.25);
  }

  @Test
  void theSameSeedGivesTheSameBytes() {
    WorkloadSpec spec = spec("random", 1, List.of("mlp"));

    assertThat(build(spec).variants().getFirst().message())
        .isEqualTo(build(spec).variants().getFirst().message());
  }

  @Test
  void refusesAShapeForNoInput() {
    assertThatThrownBy(() -> build(spec("zeros", 1, List.of("mlp", "bert"), "idz:1x16")))
        .isInstanceOf(WorkloadException.class)
        .hasMessage("--shape: no input 'idz' (expected one of x, ids, mask)");
  }

  @Test
  void refusesAModelWhoseShapeIsOpen() {
    assertThatThrownBy(() -> build(spec("zeros", 1, List.of("bert"))))
        .hasMessage(
            "model 'bert' input 'ids': shape [-1,-1] leaves axis 1 open (give --shape ids:1xN)");
  }

  @Test
  void holdsAnswersAgainstAFile() throws IOException {
    Path data = file("data.json", "[%s,%s]".formatted(request(1), request(2)));
    Path expect = file("expect.json", "[%s,%s]".formatted(answer(1), answer(2)));

    Workload workload = build(fileSpec(data, expect));

    assertThat(workload.variants()).hasSize(2).extracting(Variant::label).containsOnly("mlp");
    assertThat(workload.variants().get(0).message())
        .isNotEqualTo(workload.variants().get(1).message());
    assertThat(workload.check().problem(0, message(1))).isNull();
    assertThat(workload.check().problem(1, message(2))).isNull();
    assertThat(workload.check().problem(1, message(1)))
        .isEqualTo("model 'mlp' output 'y'[0]: 1.0 (expected 2.0 ± 1.2e-04)");
  }

  @Test
  void refusesAnExpectFileThatDoesNotFit() throws IOException {
    Path data = file("data.json", request(1));
    Path two = file("two.json", "[%s,%s]".formatted(answer(1), answer(2)));
    Path other = file("other.json", answer(1).replace("\"y\"", "\"z\""));
    Path none = directory.resolve("none.json");
    Path inputs = file("inputs.json", request(1));

    assertThatThrownBy(() -> build(fileSpec(data, two)))
        .hasMessage(two + ": 2 answers for model 'mlp' (expected 1, one for each request)");
    assertThatThrownBy(() -> build(fileSpec(data, other)))
        .hasMessageContaining("'z' is no output of model 'mlp' (expected y FP32 [-1,4])");
    assertThatThrownBy(() -> build(fileSpec(data, none))).hasMessage(none + ": no such file");
    assertThatThrownBy(() -> build(fileSpec(data, inputs)))
        .hasMessage(inputs + " request 1: no \"outputs\" (expected at least one)");
  }

  @Test
  void holdsAnswersAgainstTheFirst() {
    Workload workload =
        build(
            new WorkloadSpec(
                List.of(ModelShare.parse("mlp")),
                new DataSource.Zeros(),
                1,
                List.of(),
                Optional.empty(),
                true,
                0,
                1));

    assertThat(workload.check().problem(0, message(1))).isNull();
    assertThat(workload.check().problem(0, message(2)))
        .isEqualTo("model 'mlp' output 'y'[0]: 2.0 (expected 1.0 ± 0)");
  }

  private Workload build(WorkloadSpec spec) {
    return Workloads.build(server.channel(), spec);
  }

  private static WorkloadSpec spec(String data, int rows, List<String> models, String... shapes) {
    return new WorkloadSpec(
        models.stream().map(ModelShare::parse).toList(),
        DataSource.parse(data),
        rows,
        Stream.of(shapes).flatMap(s -> ShapeChoice.parse(s).stream()).toList(),
        Optional.empty(),
        false,
        WorkloadSpec.DEFAULT_TOLERANCE,
        7);
  }

  private static WorkloadSpec fileSpec(Path data, Path expect) {
    return new WorkloadSpec(
        List.of(ModelShare.parse("mlp")),
        new DataSource.File(data),
        1,
        List.of(),
        Optional.of(expect),
        false,
        WorkloadSpec.DEFAULT_TOLERANCE,
        7);
  }

  private Path file(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private static String request(int value) {
    return "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1,16],\"data\":[%s]}]}"
        .formatted(String.join(",", Collections.nCopies(16, "" + value)));
  }

  private static String answer(int value) {
    return "{\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,4],\"data\":[%d,0,0,0]}]}"
        .formatted(value);
  }

  private static ByteBuf message(float value) {
    ModelInferResponse answer =
        ModelInferResponse.newBuilder()
            .addOutputs(
                InferOutputTensor.newBuilder()
                    .setName("y")
                    .setDatatype("FP32")
                    .addShape(1)
                    .addShape(4))
            .addRawOutputContents(ByteString.copyFrom(Numpy.floats(value, 0, 0, 0)))
            .build();
    return Unpooled.wrappedBuffer(answer.toByteArray());
  }
}
