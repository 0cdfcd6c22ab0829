/* Signals that end a long command in good order. */
#ifndef UT_SIGNALS_H
#define UT_SIGNALS_H

#include <stdbool.h>

/*
 * From here on SIGINT, SIGTERM and SIGHUP (unless it is ignored, as under
 * nohup) are remembered; a second one ends the program at once. Writing to a
 * closed pipe or past a limit fails instead of ending the program.
 */
void signals_catch(void);

/* Whether one came: for ut_observer and the like, user is not looked at. */
bool signals_came(void *user);

#endif
