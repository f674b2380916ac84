// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import dev.millrace.admin.client.AdminClient;
import java.util.Set;

/** What a gateway is told to do when it is killed. */
interface KilledChange {

  /** Brings it to where the change begins. */
  default void prepare(KilledGateway gateway) throws Exception {}

  /** Begins it; the gateway dies meanwhile, or soon after. */
  void make(AdminClient admin) throws Exception;

  /**
   * Who may answer for a deployment right after the start.
   *
   * @param answered whether the gateway has answered {@link #make} before it died
   */
  Set<Long> mayAnswer(String deployment, boolean answered);

  /** What else has to hold after the start, and come to hold. */
  void check(KilledGateway gateway, boolean answered) throws Exception;
}
