// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.batching.BenchmarkContract;

class BenchmarksTest extends BenchmarkContract {}
