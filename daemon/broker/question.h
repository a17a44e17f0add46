/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Puts a request into words for polkit: the details that rules can bind, and a sentence that a
 * person can judge. Pure. May call catalog, device and util.
 */

#include "broker/authorize.h"
#include "catalog/classify.h"
#include "device/device.h"
#include "util/uuid.h"

#define QUESTION_DETAILS_MAX 12

struct question {
	struct authorize_detail details[QUESTION_DETAILS_MAX];
	size_t n;
	char feature[UUID_TEXT_SIZE];
	char register_id[8];  /* "0x9014" */
	char message[320];
};

/* @ret points into itself and @device. */
void question_about_request(const struct device *device, const struct verdict *verdict,
			    const struct codec_request *request, struct question *ret);

/* About something else than a firmware command: @device may be NULL, @words is the sentence. */
void question_about(const struct device *device, const char *words, struct question *ret);
