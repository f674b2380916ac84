// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.batching.BenchmarkContract;

class BenchmarksTest extends BenchmarkContract {}
