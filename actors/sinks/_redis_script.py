"""What Redis does with some ticks of one instrument and one day: all of it or nothing, and the same however
often it is told them.

KEYS are those of `KeyNames`; ARGV are the exchange, the market, the symbol, and the texts of the ticks, the
oldest first. Packing arguments is most of what a tick costs us, so the script takes what it needs from the
texts. `latest` and `stats` go forward in time only; what is in a sorted set already stays.
"""

from __future__ import annotations

from msgspec import Struct

# Lua can hand a command about 8000 arguments.
TICKS_PER_CALL = 500
_SECONDS_PER_DAY = 86_400


class Keep(Struct, frozen=True):
    """How much is kept: of `history` so many rows, of `timeseries` the first row of each interval (0: all),
    and every key so many days after it was last written (0: for ever)."""

    history_rows: int = 1000
    timeseries_interval_s: float = 0.0
    latest_days: float = 1.0
    history_days: float = 7.0
    timeseries_days: float = 2.0
    stats_days: float = 7.0

    @property
    def latest_ttl_s(self) -> int:
        """How long `latest` is kept, in seconds; 0 = for ever."""
        return _seconds(self.latest_days)


# The first command that writes must be one that Redis refuses when it is out of memory: after it, a script
# is let through to its end.
_SCRIPT = """
local unpack = table.unpack or unpack  -- of Dragonfly's Lua 5.4, of Redis' 5.1
local history_rows, interval_ms, ttls_s = %d, %d, {%d, %d, %d, %d}
local latest, history, timeseries, stats = unpack(KEYS)
local first, newest = 4, #ARGV

for index, wanted in ipairs({'hash', 'zset', 'zset', 'hash'}) do
  local found = redis.call('TYPE', KEYS[index]).ok
  if found ~= wanted and found ~= 'none' then
    return redis.error_reply('WRONGTYPE ' .. KEYS[index] .. ' is a ' .. found .. ', not a ' .. wanted)
  end
end

local function read(text)
  return string.match(text, '^{"timestamp":(%%d+),"ts_ns":"(%%d+)","price":([^,}]+)')
end

local ms, ts, price = read(ARGV[newest])
local told = redis.call('HGET', latest, 'ts_ns')
if not told or told < ts then
  local known = {'timestamp', ms, 'ts_ns', ts, 'price', price,
                 'exchange', ARGV[1], 'market', ARGV[2], 'symbol', ARGV[3]}
  local unknown = {}
  for _, name in ipairs({'volume', 'high24h', 'low24h', 'change24h', 'bid', 'ask'}) do
    local value = string.match(ARGV[newest], '"' .. name .. '":([^,}]+)')
    if value then known[#known + 1] = name; known[#known + 1] = value
    else unknown[#unknown + 1] = name end
  end
  redis.call('HSET', latest, unpack(known))
  if #unknown > 0 then redis.call('HDEL', latest, unpack(unknown)) end
end

local day = redis.call('HMGET', stats, 'last_ts_ns', 'count', 'sum', 'min', 'max', 'first', 'first_ts_ns')
local last_ts, count, sum = day[1] or '', tonumber(day[2] or '0'), tonumber(day[3] or '0')
local least, most, opening, opening_ts, closing = day[4], day[5], day[6], day[7], nil
local all, sampled, bucket = {}, {}, nil
for at = first, newest do
  local text = ARGV[at]
  ms, ts, price = read(text)
  all[#all + 1] = ms; all[#all + 1] = text
  if interval_ms > 0 then
    local start = math.floor(tonumber(ms) / interval_ms) * interval_ms
    if start ~= bucket then
      bucket = start
      local stop = string.format('(%%.0f', start + interval_ms)
      if redis.call('ZCOUNT', timeseries, string.format('%%.0f', start), stop) == 0 then
        sampled[#sampled + 1] = ms; sampled[#sampled + 1] = text
      end
    end
  end
  if ts > last_ts then
    local number = tonumber(price)
    count, sum, last_ts, closing = count + 1, sum + number, ts, price
    if not least or number < tonumber(least) then least = price end
    if not most or number > tonumber(most) then most = price end
    if not opening then opening, opening_ts = price, ts end
  end
end

redis.call('ZADD', history, unpack(all))
redis.call('ZREMRANGEBYRANK', history, 0, -history_rows - 1)
if interval_ms == 0 then sampled = all end
if #sampled > 0 then redis.call('ZADD', timeseries, unpack(sampled)) end
if closing then
  redis.call('HSET', stats, 'min', least, 'max', most, 'avg', string.format('%%.15g', sum / count),
             'count', string.format('%%.0f', count), 'sum', string.format('%%.17g', sum),
             'first', opening, 'last', closing, 'first_ts_ns', opening_ts, 'last_ts_ns', last_ts)
end

for index, ttl_s in ipairs(ttls_s) do
  if ttl_s > 0 then redis.call('EXPIRE', KEYS[index], ttl_s) else redis.call('PERSIST', KEYS[index]) end
end
return 1
"""


def script(keep: Keep) -> str:
    """The script, for so much to be kept."""
    days = (keep.latest_days, keep.history_days, keep.timeseries_days, keep.stats_days)
    return _SCRIPT % (keep.history_rows, round(keep.timeseries_interval_s * 1000), *map(_seconds, days))


def _seconds(days: float) -> int:
    """Of a time that is not for ever, at least one."""
    return max(1, round(days * _SECONDS_PER_DAY)) if days else 0
