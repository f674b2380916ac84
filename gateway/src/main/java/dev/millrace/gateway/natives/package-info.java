// SPDX-License-Identifier: Apache-2.0
/** Brings builds of ONNX Runtime's native libraries from package registries. */
@NullMarked
package dev.millrace.gateway.natives;

import org.jspecify.annotations.NullMarked;
