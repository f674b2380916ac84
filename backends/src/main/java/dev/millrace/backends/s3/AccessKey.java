// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.s3;

import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** A key that requests for a bucket are signed with. */
public record AccessKey(String id, String secret) {

  AwsCredentialsProvider provider() {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create(id, secret));
  }

  /** Not its secret. */
  @Override
  public String toString() {
    return id;
  }
}
