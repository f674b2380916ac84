// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

/**
 * What a version has done since it was loaded, and how it stands at one moment.
 *
 * @param atNanos when it was read
 * @param replicas that there are
 * @param requests answered
 * @param turnedAway requests that got no answer because there was too much to do
 * @param rows run
 * @param batches run
 * @param queuedRows that wait now
 * @param busyNanos for which replicas have run, summed, what is in progress included
 * @param runNanos that the batches took which have ended
 * @param waitNanos from arrival until the batch was closed, over answered requests
 * @param boundsNanos upper bounds of the classes of these waits, ascending
 * @param waits of answered requests by class; one more than bounds
 * @param secondsPerRow of a replica's time, in batches of the best size; 0 if unknown
 * @param replicaShare of the batches, those that replicas run and not event loops
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record LoadReading(
    long atNanos,
    int replicas,
    long requests,
    long turnedAway,
    long rows,
    long batches,
    int queuedRows,
    long busyNanos,
    long runNanos,
    long waitNanos,
    long[] boundsNanos,
    long[] waits,
    double secondsPerRow,
    double replicaShare) {}
