-- SPDX-License-Identifier: Apache-2.0
-- Settings for the statements of a batch, up to its end: many look-ups by an index. The planner
-- must not choose by the size that a table has at the first batch, when it is empty: the plan is
-- kept. Workers for a look-up of milliseconds cost more than they bring.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('enable_seqscan', 'off', true),
       set_config('enable_bitmapscan', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true);
