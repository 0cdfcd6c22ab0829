/* Signals that end a long command in good order. */
#include "cli/signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"

/* Set by signals: handlers have nothing else to write to. */
static volatile sig_atomic_t interrupted;
static volatile time_t interrupted_at;

/*
 * The second signal ends the program at once. One that comes with the first is
 * the same: `timeout` signals its child and its group.
 */
static void on_signal(int number)
{
	time_t now = time(NULL);

	(void)number;
	if (!interrupted)
		interrupted_at = now;
	else if (now - interrupted_at > 1)
		_exit(FAILED);
	interrupted = 1;
}

void signals_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal}, before;

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* under nohup it stays ignored */
	if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* writing fails instead, and the folder in the making goes */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

bool signals_came(void *user)
{
	(void)user;
	return interrupted;
}
