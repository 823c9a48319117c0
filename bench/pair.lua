-- Generates device tokens by the records of a file and redeems each token that comes back, on a device of its own.
-- Arguments: FILE LENGTH FIRST COUNT ORDER, as for replay.lua.

local file, length, first, count, device
local tokens = {}

function init(args)
  file = assert(io.open(args[1], "rb"))
  length, first, count = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  math.randomseed(os.time())
  device = os.time() * 1000000
end

function request()
  local token = table.remove(tokens)
  if token then
    device = device + 1
    local body = string.format('{"token":"%s","androidId":"%016x"}', token, device)
    return string.format("POST /device/v1/provision HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n" ..
      "Content-Length: %d\r\n\r\n%s", #body, body)
  end
  file:seek("set", (first + math.random(0, count - 1)) * length)
  return file:read(length)
end

function response(status, headers, body)
  local token = string.match(body, '"token":"([^"]+)"')
  if token then
    tokens[#tokens + 1] = token
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
