-- SPDX-License-Identifier: Apache-2.0
-- As much of Prosody as the module touches: events, filters of sessions, timers, requests. Time is the world's.
local helper = dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "helper.lua");
local server = {};

local function events()
	local handlers, wrappers = {}, {};
	local api = {};
	function api.add(event, handler) handlers[event] = handlers[event] or {}; table.insert(handlers[event], handler); end
	function api.wrap(event, wrapper) wrappers[event] = wrapper; end
	function api.fire(event, data)
		local function inner()
			for _, handler in ipairs(handlers[event] or {}) do
				local result = handler(data);
				if result ~= nil then return result; end
			end
		end
		if wrappers[event] then return wrappers[event](inner, event, data); end
		return inner();
	end
	return api;
end

local function filters()
	local hooks, api = {}, {};
	function api.add_filter_hook(f) table.insert(hooks, f); end
	function api.remove_filter_hook(f)
		for i = #hooks, 1, -1 do if hooks[i] == f then table.remove(hooks, i); end end
	end
	function api.add_filter(session, kind, f)
		session.filters[kind] = session.filters[kind] or {};
		table.insert(session.filters[kind], f);
	end
	function api.remove_filter(session, kind, f)
		local list = session.filters[kind] or {};
		for i = #list, 1, -1 do if list[i] == f then table.remove(list, i); end end
	end
	function api.new(session)
		session.filters = {};
		for _, f in ipairs(hooks) do f(session); end
		return session;
	end
	return api;
end

-- libraries: what is to be used instead of the stubs, by name.
function server.new(folder, libraries)
	local self = helper.world();
	self.requests, self.measured, self.global = {}, {}, events();
	self.filters = filters();
	self.prosody = {
		paths = { data = folder, config = folder }, hosts = {}, full_sessions = {}, incoming_s2s = {};
	};
	local http = { destroy_request = function (request) request.destroyed = true; end };
	http.default = {};
	function http.default.new()
		return { request = function (_, url, options, callback)
			local request = { url = url, options = options, callback = callback };
			table.insert(self.requests, request);
			if self.receiver then
				self.later(0.01, function ()
					local code, content, headers = self.receiver(request);
					callback(content or "{}", code, { headers = headers or {} });
				end);
			end
			return request;
		end };
	end
	local known = {
		["util.filters"] = self.filters, ["net.http"] = http;
		["util.json"] = { decode = function (text) return text:find("^{") and {} or nil; end };
		["util.time"] = { now = function () return self.clock(); end };
		["util.id"] = { short = function () return "run"; end };
		["util.paths"] = { resolve_relative_path = function (base, name) return base .. "/" .. name; end };
		["util.timer"] = {
			add_task = function (seconds, f) return self.later(seconds, f); end;
			stop = function (timer) timer.stop(); end;
		};
		["util.stanza"] = { clone = function (stanza)
			local copy = setmetatable({}, getmetatable(stanza));
			for k, v in pairs(stanza) do copy[k] = v; end
			copy.attr = {};
			for k, v in pairs(stanza.attr) do copy.attr[k] = v; end
			return copy;
		end };
	};
	local function api(host, options)
		local module = { host = host, handlers = events() };
		function module.set_global() end
		function module.require(_, name) return helper.library(name); end
		function module.log(_, level, text, ...) self.log(level, text, ...); end
		function module.hook(_, event, handler) module.handlers.add(event, handler); end
		function module.wrap_event(_, event, wrapper) module.handlers.wrap(event, wrapper); end
		function module.hook_global(_, event, handler) self.global.add(event, handler); end
		function module.get_host_type() return options.component_module and "component" or "local"; end
		function module.measure(_, name)
			return function (n) self.measured[name] = (self.measured[name] or 0) + n; end;
		end
		local function option(_, name, default)
			if options[name] == nil then return default; end
			return options[name];
		end
		module.get_option_string, module.get_option_number, module.get_option_boolean = option, option, option;
		function module.add_timer(_, seconds, f)
			local function again()
				if module.unloaded then return; end
				local more = f();
				if more then self.later(more, again); end
			end
			self.later(seconds, again);
		end
		return module;
	end
	self.module = api("*", {});
	local environment = setmetatable({
		module = self.module, prosody = self.prosody;
		require = function (name) return libraries and libraries[name] or known[name] or require(name); end;
	}, { __index = _G });
	assert(loadfile(helper.module_path(), "t", environment))();

	function self.add_host(host, options)
		local module = api(host, options or { receiptd_token = "secret" });
		self.prosody.hosts[host] = { modules = {}, s2sout = {}, events = module.handlers };
		self.module.add_host(module);
		return module;
	end
	function self.client(jid)
		local host = jid:match("@([^/]*)");
		return self.filters.new { type = "c2s", full_jid = jid, host = host };
	end
	local function through(session, kind, stanza)
		for _, f in ipairs(session.filters[kind] or {}) do stanza = f(stanza, session); end
		return stanza;
	end
	function self.read(session, stanza) return through(session, "stanzas/in", stanza); end
	function self.write(session, stanza) return through(session, "stanzas/out", stanza); end

	-- What was posted, as {stream, line} in order.
	function self.posted()
		local lines = {};
		for _, request in ipairs(self.requests) do
			for line in request.options.body:gmatch("[^\n]+") do
				table.insert(lines, { stream = request.options.headers["feed-stream"], line = line });
			end
		end
		return lines;
	end
	return self;
end

function server.message(attr, name)
	return { name = name or "message", attr = attr, tags = {} };
end

return server;
