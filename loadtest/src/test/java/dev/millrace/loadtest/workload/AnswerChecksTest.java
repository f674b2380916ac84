// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static dev.millrace.loadtest.workload.Signatures.floats;
import static dev.millrace.loadtest.workload.Signatures.list;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.loadtest.workload.ExpectedAnswers.Expected;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelInferResponse.InferOutputTensor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerChecksTest {
  private static final TensorComparison COMPARISON = new TensorComparison(1e-4);

  @Test
  void takesWhatIsExpected() {
    Tensor expected = floats("y", list(1, 3), 1, Float.NaN, Float.POSITIVE_INFINITY);
    Tensor close = floats("y", list(1, 3), 1.0001f, Float.NaN, Float.POSITIVE_INFINITY);

    assertThat(problem(expected, expected)).isNull();
    assertThat(problem(expected, close)).isNull();
  }

  @Test
  void namesTheElementThatDiffers() {
    Tensor expected = floats("y", list(4), 1, 2, 3, 0.5f);

    assertThat(problem(expected, floats("y", list(4), 1, 2, 3, 0.25f)))
        .isEqualTo("model 'm' output 'y'[3]: 0.25 (expected 0.5 ± 1.1e-04)");
    assertThat(problem(expected, floats("y", list(4), 1, Float.NaN, 3, 0.5f)))
        .isEqualTo("model 'm' output 'y'[1]: NaN (expected 2.0 ± 1.2e-04)");
    assertThat(problem(floats("y", list(1), Float.NaN), floats("y", list(1), 1)))
        .isEqualTo("model 'm' output 'y'[0]: 1.0 (expected NaN)");
    assertThat(problem(floats("y", list(1), Float.POSITIVE_INFINITY), floats("y", list(1), 3e38f)))
        .isEqualTo("model 'm' output 'y'[0]: 3.0E38 (expected Infinity)");
  }

  @Test
  void largeNumbersMayDifferByMore() {
    Tensor expected = floats("y", list(1), 1e6f);

    assertThat(problem(expected, floats("y", list(1), 1e6f + 9))).isNull();
    assertThat(problem(expected, floats("y", list(1), 1e6f + 11))).isNotNull();
  }

  @Test
  void namesWhatElseDiffers() {
    Tensor expected = floats("y", list(1, 2), 1, 2);
    Tensor integers = new Tensor("y", DataType.INT32, list(1, 2), ByteString.copyFrom(new byte[8]));

    assertThat(problem(expected, floats("y", list(2, 1), 1, 2)))
        .isEqualTo("model 'm' output 'y': shape [2,1] (expected [1,2])");
    assertThat(problem(expected, integers))
        .isEqualTo("model 'm' output 'y': datatype INT32 (expected FP32)");
    assertThat(problem(expected, floats("z", list(1, 2), 1, 2)))
        .isEqualTo("model 'm': no output 'y' (the answer has [z])");
  }

  @ParameterizedTest
  @CsvSource({
    "BOOL,00,01,true (expected false)",
    "UINT8,01,ff,255 (expected 1)",
    "INT8,01,ff,-1 (expected 1)",
    "UINT16,0100,ffff,65535 (expected 1)",
    "INT16,0100,ffff,-1 (expected 1)",
    "UINT32,01000000,ffffffff,4294967295 (expected 1)",
    "INT32,01000000,ffffffff,-1 (expected 1)",
    "UINT64,0100000000000000,ffffffffffffffff,18446744073709551615 (expected 1)",
    "INT64,0100000000000000,ffffffffffffffff,-1 (expected 1)",
    "FP16,003c,0040,2.0 (expected 1.0 ± 1.1e-04)",
    "BF16,803f,0040,2.0 (expected 1.0 ± 1.1e-04)",
    "FP32,0000803f,00000040,2.0 (expected 1.0 ± 1.1e-04)",
    "FP64,000000000000f03f,0000000000000040,2.0 (expected 1.0 ± 1.1e-04)",
  })
  void showsElementsOfEveryType(DataType type, String expected, String actual, String text) {
    assertThat(problem(tensor(type, expected), tensor(type, actual)))
        .isEqualTo("model 'm' output 'y'[0]: " + text);
  }

  @Test
  void tellsStringsApart() {
    Tensor expected = tensor(DataType.BYTES, "0100000061");

    assertThat(problem(expected, tensor(DataType.BYTES, "0200000062c3")))
        .startsWith("model 'm' output 'y'[0]: \"b\ufffd…\" (2 bytes, hash ")
        .endsWith("(expected \"a\")");
    assertThat(problem(expected, tensor(DataType.BYTES, "00000000")))
        .isEqualTo("model 'm' output 'y'[0]: \"\" (expected \"a\")");
  }

  @Test
  void readsTypedContents() {
    assertThat(typed("BOOL", c -> c.addBoolContents(true).addBoolContents(false)))
        .isEqualTo("0100");
    assertThat(typed("INT8", c -> c.addIntContents(-1).addIntContents(2))).isEqualTo("ff02");
    assertThat(typed("INT16", c -> c.addIntContents(-1).addIntContents(2))).isEqualTo("ffff0200");
    assertThat(typed("INT32", c -> c.addIntContents(-1).addIntContents(2)))
        .isEqualTo("ffffffff02000000");
    assertThat(typed("INT64", c -> c.addInt64Contents(1).addInt64Contents(2)))
        .isEqualTo("01000000000000000200000000000000");
    assertThat(typed("UINT8", c -> c.addUintContents(255).addUintContents(2))).isEqualTo("ff02");
    assertThat(typed("UINT16", c -> c.addUintContents(255).addUintContents(2)))
        .isEqualTo("ff000200");
    assertThat(typed("UINT32", c -> c.addUintContents(-1).addUintContents(2)))
        .isEqualTo("ffffffff02000000");
    assertThat(typed("UINT64", c -> c.addUint64Contents(-1).addUint64Contents(2)))
        .isEqualTo("ffffffffffffffff0200000000000000");
    assertThat(typed("FP32", c -> c.addFp32Contents(1).addFp32Contents(2)))
        .isEqualTo("0000803f00000040");
    assertThat(typed("FP64", c -> c.addFp64Contents(1).addFp64Contents(2)))
        .isEqualTo("000000000000f03f0000000000000040");
    assertThat(
            typed(
                "BYTES",
                c ->
                    c.addBytesContents(ByteString.copyFromUtf8("a"))
                        .addBytesContents(ByteString.EMPTY)))
        .isEqualTo("010000006100000000");
  }

  @Test
  void namesAnswersThatAreNone() {
    AnswerCheck check = new AgreementCheck(List.of("m"), COMPARISON);
    InferOutputTensor y =
        InferOutputTensor.newBuilder().setName("y").setDatatype("FP32").addShape(2).build();
    ModelInferResponse.Builder answer = ModelInferResponse.newBuilder().addOutputs(y);

    assertThat(check.problem(0, Unpooled.wrappedBuffer(new byte[] {-1, -1})))
        .startsWith("model 'm': not a ModelInferResponse: ");
    assertThat(check.problem(0, buffer(answer.build())))
        .isEqualTo("model 'm': output 'y': shape [2] with 0 bytes of FP32");
    assertThat(
            check.problem(
                0, buffer(answer.addRawOutputContents(ByteString.copyFrom(new byte[9])).build())))
        .isEqualTo("model 'm': output 'y': shape [2] with 9 bytes of FP32");
    assertThat(check.problem(0, buffer(answer.addRawOutputContents(ByteString.EMPTY).build())))
        .isEqualTo("model 'm': 2 raw contents (expected one for each of 1 outputs)");
    assertThat(check.problem(0, buffer(answer(tensor(DataType.BYTES, "0500000061")))))
        .isEqualTo("model 'm': output 'y': shape [1] with a string that ends beyond the contents");
    assertThat(check.problem(0, buffer(answer(tensor(DataType.FP32, "00000000"))))).isNull();
  }

  @Test
  void laterAnswersAgreeWithTheFirst() {
    AnswerCheck check = new AgreementCheck(List.of("m", "n"), COMPARISON);
    Tensor one = floats("y", list(1), 1);
    Tensor two = floats("y", list(1), 2);

    assertThat(check.problem(0, buffer(answer(one)))).isNull();
    assertThat(check.problem(1, buffer(answer(two)))).isNull();
    assertThat(check.problem(0, buffer(answer(one)))).isNull();
    assertThat(check.problem(1, buffer(answer(one))))
        .isEqualTo("model 'n' output 'y'[0]: 1.0 (expected 2.0 ± 1.2e-04)");
    assertThat(check.problem(0, buffer(answer(one, floats("z", list(1), 1)))))
        .isEqualTo("model 'm': 2 outputs (expected 1, as in the first answer)");
  }

  @Test
  void oneOfManyFirstAnswersIsTheFirst() throws Exception {
    AnswerCheck check = new AgreementCheck(List.of("m"), COMPARISON);
    int threads = 8;
    CountDownLatch start = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<Boolean>> right =
          IntStream.range(0, threads)
              .mapToObj(
                  i ->
                      pool.submit(
                          () -> {
                            start.await();
                            return check.problem(0, buffer(answer(floats("y", list(1), i))))
                                == null;
                          }))
              .toList();
      start.countDown();
      int count = 0;
      for (Future<Boolean> future : right) {
        count += future.get() ? 1 : 0;
      }
      assertThat(count).isEqualTo(1);
    }
  }

  @Test
  void readsDirectBuffers() {
    ByteBuf direct =
        Unpooled.directBuffer().writeBytes(answer(floats("y", list(1), 1)).toByteArray());
    try {
      assertThat(new AgreementCheck(List.of("m"), COMPARISON).problem(0, direct)).isNull();
    } finally {
      direct.release();
    }
  }

  private static @Nullable String problem(Tensor expected, Tensor actual) {
    AnswerCheck check =
        new ExpectedAnswers(List.of(new Expected("m", List.of(expected))), COMPARISON);
    return check.problem(0, buffer(answer(actual)));
  }

  private static Tensor tensor(DataType type, String hex) {
    return new Tensor("y", type, list(1), ByteString.copyFrom(HexFormat.of().parseHex(hex)));
  }

  private static ModelInferResponse answer(Tensor... tensors) {
    ModelInferResponse.Builder answer = ModelInferResponse.newBuilder().setModelName("m");
    for (Tensor tensor : tensors) {
      answer
          .addOutputs(
              InferOutputTensor.newBuilder()
                  .setName(tensor.name())
                  .setDatatype(tensor.type().name())
                  .addAllShape(tensor.shape()))
          .addRawOutputContents(tensor.raw());
    }
    return answer.build();
  }

  /** The raw form of two elements, in hexadecimal. */
  private static String typed(
      String datatype, UnaryOperator<InferTensorContents.Builder> contents) {
    ModelInferResponse answer =
        ModelInferResponse.newBuilder()
            .addOutputs(
                InferOutputTensor.newBuilder()
                    .setName("y")
                    .setDatatype(datatype)
                    .addShape(2)
                    .setContents(contents.apply(InferTensorContents.newBuilder())))
            .build();
    try {
      ByteString raw = AnswerDecoder.decode(buffer(answer)).getFirst().raw();
      return HexFormat.of().formatHex(raw.toByteArray());
    } catch (AnswerDecoder.MalformedAnswerException e) {
      throw new AssertionError(e);
    }
  }

  private static ByteBuf buffer(ModelInferResponse answer) {
    return Unpooled.wrappedBuffer(answer.toByteArray());
  }
}
