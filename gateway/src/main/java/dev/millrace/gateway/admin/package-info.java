// SPDX-License-Identifier: Apache-2.0
/** How the gateway is told what to serve: the admin protocol, and where deployments are kept. */
@NullMarked
package dev.millrace.gateway.admin;

import org.jspecify.annotations.NullMarked;
