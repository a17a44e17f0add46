/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The two halves of classify: private to this folder.
 */

#include "catalog/classify.h"

/* Whatever is asked before more is known is asked under the strictest action. */
extern const struct verdict verdict_nothing_known;

/* Fills in what follows from effect and scope. */
void verdict_conclude(struct verdict *verdict);

/* Judges further a CXL request whose command is known: @ret holds it. As classify(). */
int classify_feature_request(const struct catalog *catalog, const struct feature_table *features,
			     const struct cxl_request *request, struct verdict *ret,
			     struct refusal *refusal);
