// SPDX-License-Identifier: Apache-2.0
/** gRPC over HTTP/2 for a client that sends the same few messages very often. */
@NullMarked
package dev.millrace.loadtest.wire;

import org.jspecify.annotations.NullMarked;
