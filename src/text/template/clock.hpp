#pragma once

#include <string>
#include <string_view>

namespace realizar::text::jinja {

/// A date and time of day as a clock on the wall shows it.
struct LocalTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, microsecond = 0;
  std::string offset;  ///< +hhmm, or empty when unknown
};

LocalTime current_local_time();

/// Reads ISO 8601, such as 2024-07-26, 2024-07-26T12:34:56 or 2024-07-26 12:34:56.5+02:00.
LocalTime parse_iso_time(std::string_view text);

/// strftime in the C locale.
std::string format_time(std::string_view format, const LocalTime& time);

}  // namespace realizar::text::jinja
