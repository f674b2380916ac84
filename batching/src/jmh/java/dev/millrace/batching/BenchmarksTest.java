// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

class BenchmarksTest extends BenchmarkContract {}
