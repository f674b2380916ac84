// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

/**
 * Why a request was not answered: the only vocabulary of failure above the engines.
 *
 * @param kind what a caller can do about it
 * @param detail for people: the value and what was expected
 * @param retryAfterNanos when it might go through; {@link #NOT_AGAIN} if not before the caller's
 *     own deadline; 0 where nothing is known of that
 */
public record Failure(Kind kind, String detail, long retryAfterNanos) {
  /** Of {@link #retryAfterNanos}: the caller need not try again. */
  public static final long NOT_AGAIN = -1;

  public Failure(Kind kind, String detail) {
    this(kind, detail, 0);
  }

  /** What went wrong, by what a caller can do about it. */
  public enum Kind {
    /** No model or version of that name. */
    NOT_FOUND,
    /** The request cannot be right, whenever it is sent. */
    INVALID,
    /** The model is known but does not serve now. */
    NOT_READY,
    /** A limit of the gateway is reached: later, or elsewhere, it may go through. */
    OVERLOADED,
    /** Turned away by a queue policy of its model, in the way of Triton. */
    TURNED_AWAY,
    /** The deadline passed before the answer was there. */
    EXPIRED,
    /** The caller no longer waits. */
    CANCELLED,
    /** The gateway is on its way down. */
    SHUTTING_DOWN,
    /** The engine failed on this request. */
    ENGINE,
    /** Understood, but not offered. */
    UNSUPPORTED
  }

  public static Failure invalid(String detail) {
    return new Failure(Kind.INVALID, detail);
  }

  @Override
  public String toString() {
    return kind + ": " + detail;
  }
}
