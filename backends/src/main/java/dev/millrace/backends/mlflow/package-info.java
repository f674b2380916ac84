// SPDX-License-Identifier: Apache-2.0
/** The registry of an MLflow server, by its REST interface. */
@NullMarked
package dev.millrace.backends.mlflow;

import org.jspecify.annotations.NullMarked;
