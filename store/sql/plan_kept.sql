-- SPDX-License-Identifier: Apache-2.0
-- This connection plans every statement once: those that read little whatever is asked would spend
-- more time on planning.
SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_sort', 'on', false);
