/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A change as the broker records it: somebody with a shell sets a Feature of a CXL device.
 */

#include <err.h>
#include <string.h>

#include "audit/log.h"

static uint8_t value[64] = { 0x4a, 0x01, 0xff, 0x80 };
static const struct bytes value_bytes = { .data = value, .size = sizeof(value) };
static const char reason[] = "ticket 4711: the scrub rate that the vendor asks for";

static inline void append(struct audit_log *log, const struct audit_record *record)
{
	uint64_t sequence;
	const int r = audit_log_append(log, record, &sequence);

	if (r < 0)
		errx(1, "audit_log_append: %s", strerror(-r));
}

static inline void append_intent(struct audit_log *log, const char *request)
{
	static const struct audit_detail details[] = {
		{ "device", "fwctl0" },
		{ "command", "cxl/set-feature" },
		{ "effect", "after-reset" },
		{ "polkit.dialog", "true" },
	};
	static const struct audit_peer peer = {
		.bus_name = ":1.4211",
		.uid = 1000,
		.gid = 1000,
		.label = "unconfined",
		.unverified = { 4711, "/usr/bin/busctl", "user@1000.service", "3", 1000 },
	};
	static const struct audit_device device = {
		.name = "fwctl0",
		.type = DEVICE_CXL,
		.parent = "/sys/devices/pci0000:0c/0000:0c:00.0/mem0",
		.serial = "0x5e17000000001234",
		.firmware = "2.1",
		.generation = 7,
	};
	static const char *const effects[] = { "config-change-cold-reset", NULL };
	static const struct audit_command command = {
		.name = "cxl/set-feature",
		.opcode = 0x0502,
		.feature = "0c3a5e10-0000-4000-8000-000000000003",
		.effect = EFFECT_AFTER_RESET,
		.effects = effects,
		.scope = SCOPE_DEBUG_WRITE,
		.persistent = true,
	};
	static const struct audit_auth auth = { "org.fwctl.Broker1.change-after-reset", "yes",
						details, ARRAY_LENGTH(details) };

	append(log, &(struct audit_record){
			    .type = AUDIT_INTENT,
			    .request = request,
			    .peer = &peer,
			    .device = &device,
			    .command = &command,
			    .request_sha256 = "e3b0c44298fc1c149afbf4c8996fb924"
					      "27ae41e4649b934ca495991b7852b855",
			    .data = &value_bytes,
			    .before = &value_bytes,
			    .reason = reason,
			    .auth = &auth,
		    });
}

static inline void append_outcome(struct audit_log *log, const char *request)
{
	const struct audit_outcome outcome = { .class = AUDIT_APPLIED,
					       .status = "success",
					       .readback = &value_bytes };
	const struct audit_taint taint = { .before = false, .after = true };

	append(log, &(struct audit_record){ .type = AUDIT_OUTCOME,
					    .request = request,
					    .outcome = &outcome,
					    .taint = &taint });
}

static inline void change(struct audit_log *log, const char *request)
{
	const size_t room = audit_record_room(sizeof(value), sizeof(value), strlen(reason)) +
			    audit_record_room(0, sizeof(value), 0);
	const int r = audit_log_reserve(log, room);

	if (r < 0)
		errx(1, "audit_log_reserve: %s", strerror(-r));
	append_intent(log, request);
	append_outcome(log, request);
	audit_log_release(log, room);
}
