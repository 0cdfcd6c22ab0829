/* Networks as tests have them. */
#include "networks.h"

#include <check.h>

#include "numbers.h"

struct ut_net test_net(struct ut_volume image, const char *description,
		       size_t classes, size_t aux)
{
	struct ut_error error = {0};
	struct ut_net net;

	if (ut_net_init(&net, description, image, classes, aux, &error))
		ck_abort_msg("%s: %s", description, error.text);
	return net;
}

void test_net_padding(const struct ut_net *net, const float *arena)
{
	size_t i, d, o;

	for (i = 0; i < net->layer_count; ++i) {
		const struct ut_layer *layer = &net->layers[i];

		if (!ut_layer_has_weights(layer))
			continue;
		/* the row after the last is biases */
		for (d = 0; d <= layer->wide_rows; ++d)
			for (o = 0; o < layer->wide_out; ++o) {
				bool real = o < layer->out.C &&
					    (d == layer->wide_rows ||
					     d % layer->wide_in < layer->in.C);
				size_t at =
					layer->weight + d * layer->wide_out + o;

				if (!real)
					ck_assert_uint_eq(test_bits(arena[at]),
							  0);
			}
	}
}
