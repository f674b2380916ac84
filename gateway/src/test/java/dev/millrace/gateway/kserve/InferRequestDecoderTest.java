// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class InferRequestDecoderTest {
  private final InferRequestDecoder decoder = new InferRequestDecoder();

  @Test
  void readsEveryDatatypeRaw() {
    RandomRequests values =
        new RandomRequests(RandomGeneratorFactory.of("L64X128MixRandom").create(1));
    for (DataType type : DataType.values()) {
      ByteString raw = values.raw(type, 6);

      InferRequest request = decode(request(input(type.name(), 2, 3)).addRawInputContents(raw));

      assertThat(request.problem()).as("%s", type).isNull();
      assertThat(request.input(0).dataType()).isEqualTo(type);
      assertThat(request.input(0).shape()).containsExactly(2, 3);
      assertThat(bytesOf(request.input(0))).isEqualTo(raw.toByteArray());
    }
  }

  @Test
  void givesTypedContentsTheRawLayout() {
    InferTensorContents contents =
        InferTensorContents.newBuilder().addUintContents(1).addUintContents(0xfffe).build();

    InferRequest request = decode(request(input("UINT16", 2).setContents(contents)));

    assertThat(bytesOf(request.input(0))).containsExactly(1, 0, 0xfe, 0xff);
  }

  @Test
  void prefixesTypedBytesWithTheirLengths() {
    InferTensorContents contents =
        InferTensorContents.newBuilder()
            .addBytesContents(ByteString.copyFromUtf8("ab"))
            .addBytesContents(ByteString.EMPTY)
            .build();

    InferRequest request = decode(request(input("BYTES", 2).setContents(contents)));

    assertThat(bytesOf(request.input(0))).containsExactly(2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0);
  }

  @Test
  void takesEveryBooleanThatIsNotZeroForOne() throws IOException {
    byte[] contents = {0x0a, 3, 0, 2, 1};
    ByteArrayOutputStream input = new ByteArrayOutputStream();
    input.writeBytes(input("BOOL", 3).build().toByteArray());
    input.writeBytes(field(5, contents));

    InferRequest request = decoder.decode(new ByteArrayInputStream(field(5, input.toByteArray())));

    assertThat(bytesOf(request.input(0))).containsExactly(0, 1, 1);
  }

  @Test
  void copiesNeitherRawBytesNorPackedFloats() {
    ByteString raw = ByteString.copyFrom(new byte[] {1, 2, 3, 4});
    InferTensorContents packed = InferTensorContents.newBuilder().addFp32Contents(1.5f).build();

    for (ModelInferRequest request :
        new ModelInferRequest[] {
          request(input("FP32", 1)).addRawInputContents(raw).build(),
          request(input("FP32", 1).setContents(packed)).build()
        }) {
      ByteBuffer memory = ByteBuffer.allocateDirect(request.getSerializedSize());
      memory.put(request.toByteArray()).flip();

      InferRequest decoded = decoder.decode(TransportStream.of(List.of(memory)));

      assertThat(decoded.input(0).view().slices()).hasSize(1);
      ByteBuffer slice = decoded.input(0).view().slices()[0];
      assertThat(slice.isDirect()).isTrue();
      byte before = slice.get(0);
      for (int i = 0; i < memory.limit(); i++) {
        memory.put(i, (byte) (memory.get(i) + 1));
      }
      assertThat(slice.get(0)).isEqualTo((byte) (before + 1));
      assertThat(decoded.byteLength()).isEqualTo(memory.limit());
    }
  }

  @Test
  void countsCopiesAsMemoryHeld() {
    InferTensorContents contents = InferTensorContents.newBuilder().addInt64Contents(7).build();
    ModelInferRequest request = request(input("INT64", 1).setContents(contents)).build();

    assertThat(decode(request.toBuilder()).byteLength())
        .isEqualTo(request.getSerializedSize() + Long.BYTES);
  }

  @Test
  void takesAnInputWithoutElementsHoweverItsNothingIsSent() {
    InferInputTensor.Builder empty = input("FP16", 0, 4);

    assertThat(decode(request(empty)).problem()).isNull();
    assertThat(decode(request(empty).addRawInputContents(ByteString.EMPTY)).problem()).isNull();
    InferRequest withContents =
        decode(request(empty.setContents(InferTensorContents.getDefaultInstance())));
    assertThat(withContents.problem()).isNull();
    assertThat(withContents.input(0).view().byteLength()).isZero();
  }

  @Test
  void takesAScalarForOneElement() {
    InferRequest request =
        decode(request(input("INT32")).addRawInputContents(ByteString.copyFrom(new byte[4])));

    assertThat(request.problem()).isNull();
    assertThat(request.input(0).shape()).isEmpty();
  }

  @Test
  void keepsOutputsInTheOrderAskedForAndParametersByName() {
    InferRequest request =
        decode(
            request(input("FP16", 0))
                .addOutputs(output("b"))
                .addOutputs(output("a"))
                .putParameters("priority", InferParameter.newBuilder().setUint64Param(3).build())
                .putParameters("unheard_of", InferParameter.newBuilder().setBoolParam(true).build())
                .putParameters("sequence_id", InferParameter.newBuilder().setInt64Param(9).build())
                .setId("42"));

    assertThat(request.problem()).isNull();
    assertThat(request.requestedOutputs()).containsExactly("b", "a");
    assertThat(request.parameter("priority"))
        .isEqualTo(new Parameter("priority", Parameter.Kind.UINT64, 3, ""));
    assertThat(request.parameter("nothing")).isNull();
    assertThat(request.id()).isEqualTo("42");
  }

  @Test
  void usesTheSameStringsForTheSameNames() {
    ModelInferRequest.Builder request = request(input("FP16", 0)).addOutputs(output("y"));

    InferRequest first = decode(request);
    InferRequest second = decode(request);

    assertThat(second.modelName()).isSameAs(first.modelName());
    assertThat(second.input(0).name()).isSameAs(first.input(0).name());
    assertThat(second.requestedOutputs().getFirst()).isSameAs(first.requestedOutputs().getFirst());
  }

  @Test
  void readsAHeadItKnowsOnlyOnce() {
    ModelInferRequest.Builder request =
        request(input("UINT8", 1)).addOutputs(output("y")).addRawInputContents(bytes(1));
    InferRequest first = decode(request);

    InferRequest second =
        decode(request.setRawInputContents(0, ByteString.copyFrom(new byte[] {7})));

    assertThat(second.requestedOutputs()).isSameAs(first.requestedOutputs());
    assertThat(bytesOf(second.input(0))).containsExactly(7);
    assertThat(invalid(request.setRawInputContents(0, bytes(2)))).contains("2 raw bytes");
    assertThat(decode(request.setRawInputContents(0, bytes(1))).problem()).isNull();
  }

  @Test
  void letsFieldsAfterTheHeadChangeWhatItSaid() throws IOException {
    byte[] head = request(input("UINT8", 1)).addRawInputContents(bytes(1)).build().toByteArray();
    ByteArrayOutputStream renamed = new ByteArrayOutputStream();
    renamed.writeBytes(head);
    renamed.writeBytes(field(1, new byte[] {'n'}));
    for (int i = 0; i < 3; i++) {
      assertThat(decoder.decode(TransportStream.of(head)).modelName()).isEqualTo("m");
      assertThat(decoder.decode(TransportStream.of(renamed.toByteArray())).modelName())
          .isEqualTo("n");
    }
  }

  @Test
  void takesNothingFromTheMessageBeforeOneThatCannotBeRead() {
    assertThat(decode(request(input("UINT8", 1)).addRawInputContents(bytes(1))).problem()).isNull();

    InferRequest unread = decoder.decode(new BrokenStream(new IOException("cut off")));

    assertThat(unread.modelName()).isEmpty();
  }

  @Test
  void refusesRawBytesOfTheWrongLength() {
    assertThat(invalid(request(input("FP32", 1, 4)).addRawInputContents(bytes(12))))
        .isEqualTo("input 'x': 12 raw bytes (expected 16 bytes for FP32 [1,4])");
    assertThat(invalid(request(input("INT16", 2)).addRawInputContents(bytes(5))))
        .isEqualTo("input 'x': 5 raw bytes (expected 4 bytes for INT16 [2])");
    assertThat(invalid(request(input("FP64", Long.MAX_VALUE)).addRawInputContents(bytes(8))))
        .contains("expected 9223372036854775807 elements");
  }

  @Test
  void refusesMoreOrFewerRawBlobsThanInputs() {
    assertThat(
            invalid(
                request(input("INT8", 1))
                    .addRawInputContents(bytes(1))
                    .addInputs(input("INT8", 1).setName("z"))))
        .isEqualTo("1 blobs in raw_input_contents (expected 2, one for each input)");
    assertThat(
            invalid(
                request(input("INT8", 1))
                    .addRawInputContents(bytes(1))
                    .addRawInputContents(bytes(1))))
        .isEqualTo("2 blobs in raw_input_contents (expected 1, one for each input)");
  }

  @Test
  void refusesContentsBesideRawBytesEvenEmptyOnes() {
    assertThat(
            invalid(
                request(input("INT8", 0).setContents(InferTensorContents.getDefaultInstance()))
                    .addRawInputContents(ByteString.EMPTY)))
        .isEqualTo("input 'x': contents beside raw_input_contents (expected one of them)");
  }

  @Test
  void refusesAnInputWithoutData() {
    assertThat(invalid(request(input("FP32", 2))))
        .isEqualTo("input 'x': no data (expected contents, or raw_input_contents)");
    assertThat(
            invalid(
                request(input("BF16", 2).setContents(InferTensorContents.getDefaultInstance()))))
        .isEqualTo("input 'x': no data (expected BF16 in raw_input_contents)");
  }

  @Test
  void refusesADatatypeItDoesNotKnow() {
    assertThat(invalid(request(input("fp32", 1)).addRawInputContents(bytes(4))))
        .startsWith("input 'x': datatype 'fp32' (expected one of [BOOL, UINT8, ");
    assertThat(invalid(request(input("", 0)))).startsWith("input 'x': datatype '' (");
  }

  @Test
  void refusesShapesThatCannotBe() {
    assertThat(invalid(request(input("FP32", -1, 4))))
        .isEqualTo("input 'x': shape [-1,4] (expected no dimension below 0)");
    assertThat(invalid(request(input("FP32", 1L << 40, 1L << 40))))
        .contains("(expected fewer than 2^63 elements)");
    assertThat(invalid(request(input("FP32", new long[65]))))
        .isEqualTo("input 'x': a shape of rank 65 (expected at most 64)");
    assertThat(decode(request(input("FP32", 1L << 40, 1L << 40, 0))).problem()).isNull();
  }

  @Test
  void refusesTypedValuesInTheWrongListOrInTwo() {
    InferTensorContents.Builder ints = InferTensorContents.newBuilder().addIntContents(1);

    assertThat(invalid(request(input("FP32", 1).setContents(ints))))
        .isEqualTo("input 'x': 1 values in int_contents (expected FP32 in fp32_contents)");
    assertThat(invalid(request(input("INT8", 1).setContents(ints.clone().addFp32Contents(1)))))
        .isEqualTo("input 'x': 1 values in fp32_contents (expected INT8 in int_contents)");
    assertThat(invalid(request(input("FP16", 1).setContents(ints))))
        .isEqualTo("input 'x': 1 values in int_contents (expected FP16 in raw_input_contents)");
  }

  @Test
  void refusesMoreOrFewerTypedValuesThanTheShapeSays() {
    InferTensorContents.Builder one = InferTensorContents.newBuilder().addInt64Contents(1);

    assertThat(invalid(request(input("INT64", 2, 2).setContents(one))))
        .isEqualTo("input 'x': 1 values in int64_contents (expected 4 for [2,2])");
    assertThat(invalid(request(input("INT64", 1L << 60).setContents(one))))
        .contains("(expected 1152921504606846976 for");
    assertThat(invalid(request(input("INT64", 0).setContents(one))))
        .isEqualTo("input 'x': 1 values in int64_contents (expected 0 for [0])");
  }

  @Test
  void refusesTypedValuesThatDoNotFitTheDatatype() {
    assertThat(invalid(typed("INT8", InferTensorContents.newBuilder().addIntContents(128))))
        .isEqualTo("input 'x': value 128 for INT8 (expected -128..127)");
    assertThat(invalid(typed("INT16", InferTensorContents.newBuilder().addIntContents(-40_000))))
        .isEqualTo("input 'x': value -40000 for INT16 (expected -32768..32767)");
    assertThat(invalid(typed("UINT8", InferTensorContents.newBuilder().addUintContents(256))))
        .isEqualTo("input 'x': value 256 for UINT8 (expected 0..255)");
    assertThat(invalid(typed("UINT16", InferTensorContents.newBuilder().addUintContents(-1))))
        .isEqualTo("input 'x': value 4294967295 for UINT16 (expected 0..65535)");
  }

  @Test
  void refusesRawBytesElementsThatDoNotAddUp() {
    assertThat(invalid(request(input("BYTES", 1)).addRawInputContents(bytes(3))))
        .isEqualTo("input 'x': 3 bytes after element 0 (expected a length of 4 bytes, or the end)");
    assertThat(
            invalid(
                request(input("BYTES", 1))
                    .addRawInputContents(ByteString.copyFrom(new byte[] {9, 0, 0, 0, 'a'}))))
        .isEqualTo("input 'x': element 0 of 9 bytes (expected at most 1, which are left)");
    assertThat(
            invalid(
                request(input("BYTES", 1))
                    .addRawInputContents(ByteString.copyFrom(new byte[] {-1, -1, -1, -1, 'a'}))))
        .isEqualTo("input 'x': element 0 of 4294967295 bytes (expected at most 1, which are left)");
    assertThat(invalid(request(input("BYTES", 1)).addRawInputContents(bytes(8))))
        .isEqualTo("input 'x': 2 raw elements (expected 1 for BYTES [1])");
    assertThat(invalid(request(input("BYTES", 3)).addRawInputContents(bytes(8))))
        .isEqualTo("input 'x': 2 raw elements (expected 3 for BYTES [3])");
  }

  @Test
  void refusesNamesGivenTwice() {
    assertThat(
            invalid(
                request(input("INT8", 1))
                    .addInputs(input("INT8", 1))
                    .addRawInputContents(bytes(1))
                    .addRawInputContents(bytes(1))))
        .isEqualTo("input 'x': given twice (expected once)");
    assertThat(invalid(request(input("INT8", 0)).addOutputs(output("y")).addOutputs(output("y"))))
        .isEqualTo("output 'y': asked for twice (expected once)");
  }

  @Test
  void saysWhatItDoesNotSupport() {
    InferParameter one = InferParameter.newBuilder().setInt64Param(1).build();

    assertThat(problem(request(input("INT8", 0).putParameters("shared_memory_region", one))))
        .isEqualTo(
            new Failure(Failure.Kind.UNSUPPORTED, "input 'x': shared memory is not supported"));
    assertThat(
            problem(
                request(input("INT8", 0))
                    .addOutputs(output("y").putParameters("shared_memory_byte_size", one))))
        .isEqualTo(
            new Failure(Failure.Kind.UNSUPPORTED, "output 'y': shared memory is not supported"));
    assertThat(
            problem(
                request(input("INT8", 0))
                    .addOutputs(output("y").putParameters("classification", one))))
        .isEqualTo(
            new Failure(Failure.Kind.UNSUPPORTED, "output 'y': classification is not supported"));
  }

  @Test
  void hasALimitOnEverythingThatOneMayRepeat() {
    ModelInferRequest.Builder request = ModelInferRequest.newBuilder();
    for (int i = 0; i < 2000; i++) {
      request.addInputs(input("INT8", 1).setName("x" + i)).addRawInputContents(bytes(1));
    }
    assertThat(invalid(request)).isEqualTo("2000 inputs (expected at most 1024)");

    request.clear();
    for (int i = 0; i < 1025; i++) {
      request.addOutputs(output("y" + i));
    }
    assertThat(invalid(request)).isEqualTo("1025 outputs (expected at most 1024)");

    request.clear();
    for (int i = 0; i < 300; i++) {
      request.putParameters("p" + i, InferParameter.getDefaultInstance());
    }
    assertThat(invalid(request)).isEqualTo("300 parameters (expected at most 256)");
  }

  @Test
  void doesNotRepeatALongNameInItsAnswer() {
    assertThat(invalid(request(input("FP32", 1).setName("n".repeat(1000)))))
        .isEqualTo(
            "input '"
                + "n".repeat(100)
                + "…' (1000 characters): no data (expected contents, or raw_input_contents)");
  }

  @Test
  void followsGroupsAsDeepAsProtobufDoes() throws IOException {
    for (int place = 0; place < 4; place++) {
      for (int levels = 95; levels < 105; levels++) {
        byte[] message = groups(levels);
        // at the top, in an input, in its contents, in an entry of the parameters
        message =
            switch (place) {
              case 0 -> message;
              case 1 -> field(5, message);
              case 2 -> field(5, field(5, message));
              default -> field(4, message);
            };
        boolean accepted;
        try {
          accepted = ModelInferRequest.parseFrom(message).isInitialized();
        } catch (IOException refused) {
          accepted = false;
        }

        Failure problem = decoder.decode(TransportStream.of(message)).problem();

        boolean malformed = problem != null && problem.detail().startsWith("malformed");
        assertThat(malformed).as("%d levels in place %d", levels, place).isEqualTo(!accepted);
      }
    }
  }

  @Test
  void allocatesNothingForLengthsThatAreLies() throws IOException {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    message.write(58); // raw_input_contents of 2 GiB - 1
    message.writeBytes(new byte[] {-1, -1, -1, -1, 7});

    assertThat(decoder.decode(TransportStream.of(message.toByteArray())).problem())
        .isEqualTo(
            Failure.invalid(
                "malformed ModelInferRequest: a length of 2147483647 with 0 bytes left, at byte 6"
                    + " of 6"));
  }

  @Test
  void passesOnWhatGrpcSaysOfAMessageThatGrowsTooLarge() {
    RuntimeException tooLarge =
        Status.RESOURCE_EXHAUSTED.withDescription("more than 4 bytes").asRuntimeException();

    assertThat(decoder.decode(new BrokenStream(tooLarge)).problem())
        .isEqualTo(new Failure(Failure.Kind.OVERLOADED, "more than 4 bytes"));
  }

  @Test
  void saysSoWhenTheBytesCannotBeRead() {
    assertThat(decoder.decode(new BrokenStream(new IOException("invalid block type"))).problem())
        .isEqualTo(Failure.invalid("malformed ModelInferRequest: unreadable: invalid block type"));
  }

  @Test
  void letsNothingEscapeAndNothingLeak() {
    TransportStream stream = TransportStream.withoutBuffers(8);

    assertThat(decoder.decode(stream).problem())
        .isEqualTo(
            new Failure(
                Failure.Kind.ENGINE,
                "the decoder failed: java.lang.IllegalStateException: no buffers"));
    assertThat(stream.closes()).isEqualTo(1);
  }

  @Test
  void forgetsOneMessageBeforeTheNext() {
    assertThat(decode(request(input("FP32", 1)).setId("first")).problem()).isNotNull();

    InferRequest next = decode(ModelInferRequest.newBuilder());

    assertThat(next.problem()).isNull();
    assertThat(next.modelName()).isEmpty();
    assertThat(next.id()).isEmpty();
    assertThat(next.inputCount()).isZero();
  }

  private static ModelInferRequest.Builder request(InferInputTensor.Builder input) {
    return ModelInferRequest.newBuilder().setModelName("m").addInputs(input);
  }

  private static ModelInferRequest.Builder typed(
      String datatype, InferTensorContents.Builder contents) {
    return request(input(datatype, 1).setContents(contents));
  }

  private static InferInputTensor.Builder input(String datatype, long... shape) {
    InferInputTensor.Builder input =
        InferInputTensor.newBuilder().setName("x").setDatatype(datatype);
    for (long dim : shape) {
      input.addShape(dim);
    }
    return input;
  }

  private static ModelInferRequest.InferRequestedOutputTensor.Builder output(String name) {
    return ModelInferRequest.InferRequestedOutputTensor.newBuilder().setName(name);
  }

  private static ByteString bytes(int length) {
    return ByteString.copyFrom(new byte[length]);
  }

  private static byte[] field(int number, byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeByteArray(number, content);
    out.flush();
    return bytes.toByteArray();
  }

  private static byte[] groups(int levels) {
    byte[] bytes = new byte[levels * 2];
    for (int i = 0; i < levels; i++) {
      bytes[i] = 15 << 3 | 3;
      bytes[levels + i] = 15 << 3 | 4;
    }
    return bytes;
  }

  private static byte[] bytesOf(InputTensor input) {
    byte[] bytes = new byte[Math.toIntExact(input.view().byteLength())];
    input.view().copyTo(ByteBuffer.wrap(bytes), 0);
    return bytes;
  }

  private InferRequest decode(ModelInferRequest.Builder request) {
    return decoder.decode(TransportStream.of(request.build().toByteArray()));
  }

  private Failure problem(ModelInferRequest.Builder request) {
    try (InferRequest decoded = decode(request)) {
      return Objects.requireNonNull(decoded.problem());
    }
  }

  private String invalid(ModelInferRequest.Builder request) {
    Failure problem = problem(request);
    assertThat(problem.kind()).isEqualTo(Failure.Kind.INVALID);
    return problem.detail();
  }

  /** A stream that fails as soon as it is read. */
  private static final class BrokenStream extends InputStream {
    private final Exception failure;

    BrokenStream(Exception failure) {
      this.failure = failure;
    }

    @Override
    public int read() throws IOException {
      if (failure instanceof IOException io) {
        throw io;
      }
      throw (RuntimeException) failure;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return read();
    }
  }
}
