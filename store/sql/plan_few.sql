-- SPDX-License-Identifier: Apache-2.0
-- Instead of plan_lookups, for statements that look for few things by an index that is no tree (BRIN): a
-- kept plan, because planning for a year of days takes longer than looking.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('enable_seqscan', 'off', true),
       set_config('enable_bitmapscan', 'on', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true);
