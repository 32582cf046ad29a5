-- SPDX-License-Identifier: Apache-2.0
-- Takes plan_lookups back, for statements that look for few or many things in few or many rows: the
-- planner sees how many.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
       set_config('enable_seqscan', 'on', true),
       set_config('enable_bitmapscan', 'on', true),
       set_config('enable_hashjoin', 'on', true),
       set_config('enable_mergejoin', 'on', true);
