// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.tensor.DataType;
import java.util.List;
import java.util.Optional;

/**
 * A request that a model's configuration wants run before the model serves.
 *
 * @param name for messages: {@code warmup 'long text'}
 * @param copies how many of it make one batch, 1 or more
 * @param runs how often that is run, 1 or more
 */
public record WarmUpRequest(String name, int copies, int runs, List<Input> inputs) {

  /**
   * One of its tensors.
   *
   * @param dataType what it is said to be; the model's own unless given
   * @param shape the full one, batch axis included
   */
  public record Input(String name, Optional<DataType> dataType, List<Long> shape, Source source) {}

  /** Where a tensor's elements come from. */
  public sealed interface Source {

    /** Zeros, and empty strings. */
    record Zeros() implements Source {}

    /** The same small random values at each load. */
    record Random() implements Source {}

    /**
     * The raw bytes in a file.
     *
     * @param name below the folder {@code warmup}
     */
    record Content(String name) implements Source {}
  }
}
