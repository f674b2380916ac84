// SPDX-License-Identifier: Apache-2.0
/** Models in a bucket of Amazon S3, or of a server that speaks its protocol. */
@NullMarked
package dev.millrace.backends.s3;

import org.jspecify.annotations.NullMarked;
