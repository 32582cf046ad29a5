-- SPDX-License-Identifier: Apache-2.0
-- This connection plans every statement with its values known: filters that are absent fall away.
SELECT set_config('plan_cache_mode', 'force_custom_plan', false), set_config('enable_sort', 'on', false);
