// SPDX-License-Identifier: Apache-2.0
/** What the guides show of programs that use a gateway: compiled and run with the tests. */
package dev.millrace.gateway.samples;
