/* power.c - when the machine is to power off: verbs set it, and the loop asks for it. */
#include "agent.h"

static bool off;
static int64_t idle_ms;

void power_off(void)
{
	off = true;
}

bool power_is_off(void)
{
	return off;
}

void power_off_when_idle(uint32_t seconds)
{
	idle_ms = (int64_t)seconds * 1000;
}

int64_t power_idle_ms(void)
{
	return idle_ms;
}
