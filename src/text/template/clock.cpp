#include "text/template/clock.hpp"

#include <cstdio>
#include <ctime>
#include <mutex>
#include <utility>

#include "base/error.hpp"

namespace realizar::text::jinja {
namespace {

constexpr const char* weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday"};
constexpr const char* months[] = {"January", "February", "March",     "April",   "May",      "June",
                                  "July",    "August",   "September", "October", "November", "December"};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap(year));
}

/// Day of the year, from 0.
int year_day(const LocalTime& t) {
  int day = t.day - 1;
  for (int month = 1; month < t.month; ++month) day += days_in_month(t.year, month);
  return day;
}

/// Day of the week of 1 January, 0 for Sunday.
int first_weekday(int year) {
  int y = year - 1;
  return (1 + y + y / 4 - y / 100 + y / 400) % 7;
}

int weekday(const LocalTime& t) { return (first_weekday(t.year) + year_day(t)) % 7; }

int weeks_in_iso_year(int year) {
  int first = first_weekday(year);
  return first == 4 || (first == 3 && is_leap(year)) ? 53 : 52;
}

/// Year and week of ISO 8601.
std::pair<int, int> iso_week(const LocalTime& t) {
  int week = (year_day(t) - (weekday(t) + 6) % 7 + 10) / 7;
  if (week < 1) return {t.year - 1, weeks_in_iso_year(t.year - 1)};
  if (week > weeks_in_iso_year(t.year)) return {t.year + 1, 1};
  return {t.year, week};
}

std::string number(int value, int width, char flag, char fill = '0') {
  if (flag == '-') width = 0;
  if (flag == '_') fill = ' ';
  if (flag == '0') fill = '0';
  std::string digits = std::to_string(value);
  return std::string(digits.size() < static_cast<std::size_t>(width) ? width - digits.size() : 0, fill) +
         digits;
}

std::string cased(std::string text, char flag) {
  if (flag != '^') return text;
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

std::string convert(char letter, char flag, const LocalTime& t) {
  int hour12 = t.hour % 12 == 0 ? 12 : t.hour % 12;
  switch (letter) {
    case 'Y':
      return std::to_string(t.year);
    case 'C':
      return number(t.year / 100, 2, flag);
    case 'y':
      return number(t.year % 100, 2, flag);
    case 'm':
      return number(t.month, 2, flag);
    case 'd':
      return number(t.day, 2, flag);
    case 'e':
      return number(t.day, 2, flag, ' ');
    case 'H':
      return number(t.hour, 2, flag);
    case 'I':
      return number(hour12, 2, flag);
    case 'k':
      return number(t.hour, 2, flag, ' ');
    case 'l':
      return number(hour12, 2, flag, ' ');
    case 'M':
      return number(t.minute, 2, flag);
    case 'S':
      return number(t.second, 2, flag);
    case 'f':
      return number(t.microsecond, 6, '\0');
    case 'j':
      return number(year_day(t) + 1, 3, flag);
    case 'w':
      return std::to_string(weekday(t));
    case 'u':
      return std::to_string(weekday(t) == 0 ? 7 : weekday(t));
    case 'U':
      return number((year_day(t) + 7 - weekday(t)) / 7, 2, flag);
    case 'W':
      return number((year_day(t) + 7 - (weekday(t) + 6) % 7) / 7, 2, flag);
    case 'V':
      return number(iso_week(t).second, 2, flag);
    case 'G':
      return std::to_string(iso_week(t).first);
    case 'g':
      return number(iso_week(t).first % 100, 2, flag);
    case 'A':
      return cased(weekdays[weekday(t)], flag);
    case 'a':
      return cased(std::string(weekdays[weekday(t)], 3), flag);
    case 'B':
      return cased(months[t.month - 1], flag);
    case 'b':
    case 'h':
      return cased(std::string(months[t.month - 1], 3), flag);
    case 'p':
      return t.hour < 12 ? "AM" : "PM";
    case 'P':
      return t.hour < 12 ? "am" : "pm";
    case 'z':
      return t.offset;
    case 'Z':
      return t.offset.empty()      ? ""
             : t.offset == "+0000" ? "UTC"
                                   : "UTC" + t.offset.substr(0, 3) + ":" + t.offset.substr(3);
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '%':
      return "%";
    case 'D':
    case 'x':
      return format_time("%m/%d/%y", t);
    case 'F':
      return format_time("%Y-%m-%d", t);
    case 'R':
      return format_time("%H:%M", t);
    case 'T':
    case 'X':
      return format_time("%H:%M:%S", t);
    case 'r':
      return format_time("%I:%M:%S %p", t);
    case 'c':
      return format_time("%a %b %e %H:%M:%S %Y", t);
    default:
      return std::string("%") + letter;
  }
}

}  // namespace

LocalTime current_local_time() {
  static std::mutex mutex;  // std::localtime shares one buffer
  std::lock_guard lock(mutex);
  std::time_t now = std::time(nullptr);
  const std::tm* t = std::localtime(&now);
  return {t->tm_year + 1900, t->tm_mon + 1, t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec, 0, ""};
}

LocalTime parse_iso_time(std::string_view given) {
  std::string text(given);
  LocalTime t;
  std::size_t at = 0;
  auto bad = [&] {
    fail(ErrorKind::invalid_argument, "'", text,
         "' is no date and time of ISO 8601, such as 2024-07-26T12:34:56");
  };
  auto digits = [&](int count) {
    int value = 0;
    for (; count > 0; --count, ++at) {
      if (at >= text.size() || text[at] < '0' || text[at] > '9') bad();
      value = value * 10 + (text[at] - '0');
    }
    return value;
  };
  auto skip = [&](char c) { return at < text.size() && text[at] == c && (++at, true); };
  t.year = digits(4);
  bool dashes = skip('-');
  t.month = digits(2);
  if (dashes && !skip('-')) bad();
  t.day = digits(2);
  if (skip('T') || skip(' ') || skip('t')) {
    t.hour = digits(2);
    if (skip(':')) {
      t.minute = digits(2);
      if (skip(':')) t.second = digits(2);
    }
    if (skip('.') || skip(',')) {
      int scale = 100000;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
        t.microsecond += (text[at] - '0') * scale;
    }
    if (skip('Z') || skip('z')) {
      t.offset = "+0000";
    } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
      char sign = text[at++];
      int hours = digits(2);
      skip(':');
      int minutes = at < text.size() ? digits(2) : 0;
      t.offset = std::string(1, sign) + number(hours, 2, '\0') + number(minutes, 2, '\0');
    }
  }
  bool in_range = t.year >= 1 && t.month >= 1 && t.month <= 12 && t.day >= 1 &&
                  t.day <= days_in_month(t.year, t.month) && t.hour < 24 && t.minute < 60 && t.second < 60;
  if (at != text.size() || !in_range) bad();
  return t;
}

std::string format_time(std::string_view format, const LocalTime& time) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    char flag = '\0';
    if (std::string_view("-_0^#").find(format[i + 1]) != std::string_view::npos && i + 2 < format.size())
      flag = format[++i];
    out += convert(format[++i], flag, time);
  }
  return out;
}

}  // namespace realizar::text::jinja
