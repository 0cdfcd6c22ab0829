/* The tables of a run's folder, for its record. Private to lab. */
#ifndef UT_RECORD_TABLES_H
#define UT_RECORD_TABLES_H

#include "lab/record.h"

/* Bytes of a table, at most. */
enum { UT_RECORD_TABLE_LIMIT = 512 << 20 };

/*
 * Reads metrics.csv and, where there are samples, samples.csv. UT_CORRUPT where
 * they have not the rows that the recipe makes. Release them either way.
 */
enum ut_status ut_record_read_tables(const struct ut_record *record,
				     struct ut_csv *metrics,
				     struct ut_csv *samples,
				     struct ut_error *error);

/*
 * Takes their numbers to the record's results, which have room and scores.
 * UT_CORRUPT where they contradict the receipt.
 */
enum ut_status ut_record_take_tables(struct ut_record *record,
				     const struct ut_csv *metrics,
				     const struct ut_csv *samples,
				     struct ut_error *error);

#endif
