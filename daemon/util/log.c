/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

static void write_line(int level, const char *format, va_list arguments)
{
	char line[1024];
	int used = 0;

	if (getenv("JOURNAL_STREAM"))
		used = snprintf(line, sizeof(line), "<%d>", level);
	vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments);
	/* One call, so that the lines of two threads do not mix. */
	fprintf(stderr, "%s\n", line);
}

#define WRITE_LINE(level, format)                                                                  \
	do {                                                                                       \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		write_line(level, format, arguments);                                              \
		va_end(arguments);                                                                 \
	} while (0)

void log_info(const char *format, ...)
{
	WRITE_LINE(LOG_INFO, format);
}

void log_warning(const char *format, ...)
{
	WRITE_LINE(LOG_WARNING, format);
}

void log_error(const char *format, ...)
{
	WRITE_LINE(LOG_ERR, format);
}

int log_errno(int r, const char *format, ...)
{
	char words[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	log_error("%s: %s", words, strerror(-r));
	return r;
}
