// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.batching.BenchmarkContract;

class BenchmarksTest extends BenchmarkContract {}
