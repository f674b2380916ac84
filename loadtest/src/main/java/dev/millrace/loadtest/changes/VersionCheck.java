// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.millrace.loadtest.workload.AnswerCheck;
import dev.millrace.proto.inference.ModelInferResponse;
import io.netty.buffer.ByteBuf;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** Whether an answer is that of the version that it says it is of. */
final class VersionCheck implements AnswerCheck {
  @Override
  public @Nullable String problem(int variant, ByteBuf message) {
    try {
      return problem(ModelInferResponse.parseFrom(message.nioBuffer()));
    } catch (InvalidProtocolBufferException | NumberFormatException e) {
      return e.toString();
    }
  }

  private static @Nullable String problem(ModelInferResponse response) {
    float expected = ChangeModels.OFFSET * Long.parseLong(response.getModelVersion());
    if (response.getRawOutputContentsCount() != 1) {
      return "%d outputs (expected 1)".formatted(response.getRawOutputContentsCount());
    }
    FloatBuffer values =
        response
            .getRawOutputContents(0)
            .asReadOnlyByteBuffer()
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer();
    while (values.hasRemaining()) {
      float value = values.get();
      if (!(Math.abs(value - expected) < ChangeModels.OFFSET / 2)) {
        return "version %s: %s (expected about %s)"
            .formatted(response.getModelVersion(), value, expected);
      }
    }
    return null;
  }
}
