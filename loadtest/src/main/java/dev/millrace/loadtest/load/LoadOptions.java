// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import java.net.InetSocketAddress;

/**
 * Where load goes, and how.
 *
 * @param target of the server
 * @param connections HTTP/2 connections, 1 or more
 * @param eventLoops threads that send; connections are spread over them
 * @param deadlineNanos sent as grpc-timeout with each request whose variant has none of its own; 0
 *     for none
 * @param checkEvery how often an answer is checked: 1 each, 64 one in 64; 0 never
 * @param seed of everything that is random
 */
public record LoadOptions(
    InetSocketAddress target,
    int connections,
    int eventLoops,
    long deadlineNanos,
    int checkEvery,
    long seed) {}
