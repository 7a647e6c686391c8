-- SPDX-License-Identifier: MIT
-- wrk's script.  Its arguments are files, each with a whole HTTP request; they are sent in turn.
-- "#########" in one stands for the number of the call, in nine digits, so every call is another
-- and none changes its length.  In the end one line of JSON says what wrk has counted.

local MARK = string.rep("#", 9)
local requests, calls = {}, 0

-- The parts between the marks: joining them with a number is all the work there is per call.
local function split(text)
    local parts, from = {}, 1
    while true do
        local at, to = text:find(MARK, from, true)
        if not at then
            parts[#parts + 1] = text:sub(from)
            return parts
        end
        parts[#parts + 1] = text:sub(from, at - 1)
        from = to + 1
    end
end

function init(args)
    for _, name in ipairs(args) do
        local file = assert(io.open(name, "rb"))
        requests[#requests + 1] = split(file:read("*a"))
        file:close()
    end
end

function request()
    calls = calls + 1
    return table.concat(requests[calls % #requests + 1], string.format("%09d", calls))
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '{"calls": %d, "seconds": %.4f, "p50_us": %d, "p99_us": %d, "max_us": %d, "status": %d, '
            .. '"connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        latency.max, e.status, e.connect, e.read, e.write, e.timeout))
end
