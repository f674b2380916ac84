// SPDX-License-Identifier: Apache-2.0
/** What the gateway is compared with: bare gRPC and bare ONNX Runtime. */
@NullMarked
package dev.millrace.loadtest.baseline;

import org.jspecify.annotations.NullMarked;
