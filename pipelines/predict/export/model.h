/* $experiment: a picture to one of $n_classes classes, in fixed point.

   Flash: about $flash bytes of tables, beside the code.
   RAM: about $ram bytes of static variables, beside the picture.
   A picture: at most $n_weights multiplications with a weight, $n_roots square roots and
   $n_divisions divisions of blocks; each of $n_parts parts of the features reads every pixel once.

   Classes:
$names
*/
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

/* pixels: $height rows of $width pixels of $n_channels bytes (red, green, blue, or gray).
   scores: $n_classes numbers, filled with margins times 65536.   Returns the class of the largest. Not reentrant. */
int model_predict(const uint8_t *pixels, int32_t *scores);

#endif
