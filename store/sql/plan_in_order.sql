-- SPDX-License-Identifier: Apache-2.0
-- As plan_kept, for pages: rows come out of the indexes in the order of the page, and reading ends with it. A plan
-- that is made once does not know how long a conversation is, and would sort all of it. Not for statements that cannot do
-- without sorting: the price of what is forbidden hides all others.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_sort', 'off', false);
