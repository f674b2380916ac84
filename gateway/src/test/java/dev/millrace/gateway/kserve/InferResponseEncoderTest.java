// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelInferResponse.InferOutputTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class InferResponseEncoderTest {
  private final ResponseTemplate template =
      new ResponseTemplate(
          "digits",
          "12",
          List.of(
              new TensorSpec("label", DataType.INT64, -1),
              new TensorSpec("scores", DataType.FP32, -1, 2),
              new TensorSpec("text", DataType.BYTES, -1, 1)));

  private final OutputTensor[] outputs = {
    new OutputTensor(DataType.INT64, new long[] {3}, bytes(24, 0)),
    new OutputTensor(DataType.FP32, new long[] {3, 2}, bytes(24, 100)),
    new OutputTensor(DataType.BYTES, new long[] {3, 1}, bytes(15, 50), new int[] {0, 4, 10, 15})
  };

  @Test
  void answersWithTheRowsOfOneRequest() throws Exception {
    ModelInferResponse response =
        parse(InferResponseEncoder.encodeRows(template, "id-7é", outputs, null, 1, 2));

    assertThat(response)
        .isEqualTo(
            ModelInferResponse.newBuilder()
                .setModelName("digits")
                .setModelVersion("12")
                .setId("id-7é")
                .addOutputs(output("label", "INT64").addShape(2))
                .addOutputs(output("scores", "FP32").addShape(2).addShape(2))
                .addOutputs(output("text", "BYTES").addShape(2).addShape(1))
                .addRawOutputContents(slice(0, 8, 24))
                .addRawOutputContents(slice(1, 8, 24))
                .addRawOutputContents(slice(2, 4, 15))
                .build());
  }

  @Test
  void keepsTheOrderAskedForAndLeavesOutTheRest() throws Exception {
    ModelInferResponse response =
        parse(InferResponseEncoder.encodeRows(template, "", outputs, new int[] {2, 0}, 0, 1));

    assertThat(response.getOutputsList())
        .extracting(InferOutputTensor::getName)
        .containsExactly("text", "label");
    assertThat(response.getRawOutputContentsList()).containsExactly(slice(2, 0, 4), slice(0, 0, 8));
    assertThat(response.getId()).isEmpty();
  }

  @Test
  void givesEveryOutputABlobEvenWithoutRows() throws Exception {
    ModelInferResponse response =
        parse(InferResponseEncoder.encodeRows(template, "", outputs, null, 3, 0));

    assertThat(response.getRawOutputContentsList()).hasSize(3).containsOnly(ByteString.EMPTY);
    assertThat(response.getOutputs(1).getShapeList()).containsExactly(0L, 2L);
  }

  @Test
  void answersWithTheWholeRunOfAModelThatIsNotBatched() throws Exception {
    OutputTensor[] scalar = {new OutputTensor(DataType.FP64, new long[0], bytes(8, 1))};
    ResponseTemplate one =
        new ResponseTemplate("s", "1", List.of(new TensorSpec("y", DataType.FP64)));

    ModelInferResponse response = parse(InferResponseEncoder.encodeWhole(one, "", scalar, null));

    assertThat(response.getOutputs(0).getShapeCount()).isZero();
    assertThat(response.getRawOutputContents(0)).isEqualTo(ByteString.copyFrom(bytes(8, 1)));
    assertThat(
            parse(InferResponseEncoder.encodeWhole(template, "", outputs, null))
                .getOutputs(1)
                .getShapeList())
        .containsExactly(3L, 2L);
  }

  @Test
  void writesLengthsAndDimensionsOfEverySize() throws Exception {
    for (int length : new int[] {0, 1, 127, 128, 129, 16_383, 16_384, 300_000, 2_097_152}) {
      ResponseTemplate large =
          new ResponseTemplate(
              "m".repeat(200), "", List.of(new TensorSpec("y".repeat(130), DataType.UINT8, -1)));
      OutputTensor[] one = {
        new OutputTensor(DataType.UINT8, new long[] {length}, ByteBuffer.allocateDirect(length))
      };

      ModelInferResponse response =
          parse(
              InferResponseEncoder.encodeRows(
                  large, "i".repeat(length % 1000), one, null, 0, length));

      assertThat(response.getOutputs(0).getShape(0)).isEqualTo(length);
      assertThat(response.getRawOutputContents(0).size()).isEqualTo(length);
      assertThat(response.getId()).hasSize(length % 1000);
    }
  }

  @Test
  void refusesAnAnswerThatNoMessageCanHold() {
    ResponseTemplate two =
        new ResponseTemplate(
            "m",
            "1",
            List.of(
                new TensorSpec("a", DataType.UINT8, -1), new TensorSpec("b", DataType.UINT8, -1)));
    ByteBuffer gibibyte = ByteBuffer.allocate(0);
    int rows = 1 << 30;
    OutputTensor[] huge = {
      new OutputTensor(DataType.UINT8, new long[] {rows}, gibibyte),
      new OutputTensor(DataType.UINT8, new long[] {rows}, gibibyte)
    };

    assertThatThrownBy(() -> InferResponseEncoder.encodeRows(two, "", huge, null, 0, rows))
        .isInstanceOf(InferException.class)
        .hasMessageContaining("a response of 2147483704 bytes")
        .hasMessageContaining("(expected at most 2147483639)");
  }

  @Test
  void sizesVarintsAsTheyAreWritten() {
    byte[] target = new byte[10];
    for (int bits = 0; bits < 64; bits++) {
      for (long value : new long[] {1L << bits, (1L << bits) - 1, -(1L << bits)}) {
        assertThat(Wire.putVarint(target, 0, value))
            .as("%d", value)
            .isEqualTo(Wire.varintSize(value));
      }
    }
  }

  @Test
  void streamsInOneWriteOfTheLengthItAnnounced() throws Exception {
    InferResponse response = InferResponseEncoder.encodeRows(template, "", outputs, null, 0, 3);
    int[] writes = new int[1];
    java.io.ByteArrayOutputStream target =
        new java.io.ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int offset, int length) {
            writes[0]++;
            super.write(bytes, offset, length);
          }
        };
    var stream = response.stream();

    assertThat(stream.available()).isEqualTo(response.byteLength());
    assertThat(((io.grpc.Drainable) stream).drainTo(target)).isEqualTo(response.byteLength());
    assertThat(writes[0]).isEqualTo(1);
    assertThat(stream.available()).isZero();
    assertThat(target.toByteArray()).isEqualTo(response.stream().readAllBytes());
  }

  private static ModelInferResponse parse(InferResponse response) throws IOException {
    return ModelInferResponse.parseFrom(response.stream());
  }

  private static InferOutputTensor.Builder output(String name, String datatype) {
    return InferOutputTensor.newBuilder().setName(name).setDatatype(datatype);
  }

  private ByteString slice(int output, int from, int to) {
    return ByteString.copyFrom(outputs[output].data().duplicate().position(from).limit(to));
  }

  private static ByteBuffer bytes(int length, int first) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(length);
    for (int i = 0; i < length; i++) {
      bytes.put(i, (byte) (first + i));
    }
    return bytes;
  }
}
