/**
 * The vocabulary of the built-in operations, listeners and kernels.
 *
 * @module
 */

import { COSTS } from "../kernel/costs.ts";
import { INJECTABLE_FAULTS } from "../kernel/faults.ts";
import { PROFILES } from "../kernel/profile.ts";
import { LISTENER_COSTS } from "../listeners/costs.ts";
import { POLICIES, POLICY_ACTIONS } from "../listeners/policy.ts";
import { LISTENER_KINDS } from "../listeners/registry.ts";
import { FIGURES } from "../machine/figures.ts";
import { OPERATIONS } from "../machine/ops/mod.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** All words that a scenario may use. */
export const VOCABULARY: Vocabulary = {
  operations: OPERATIONS,
  listenerKinds: Object.values(LISTENER_KINDS),
  policies: [...new Set(Object.values(POLICIES).flatMap((policies) => Object.keys(policies)))],
  policyActions: Object.keys(POLICY_ACTIONS),
  profiles: PROFILES,
  costs: [...Object.keys(COSTS), ...Object.keys(LISTENER_COSTS)],
  faults: Object.keys(INJECTABLE_FAULTS),
  figures: FIGURES,
};
