#include "model.h"

/* Features in fixed point, no library but stdint. Square roots of counts and magnitudes are whole numbers with 12 and 7
   bits behind the point, blocks of HOG have 15. Interpolated grays have 24 bits, so that in a flat place a point is
   exactly as bright as its pixel. */
enum { HEIGHT = $height, WIDTH = $width, CHANNELS = $n_channels, CLASSES = $n_classes };
$uses

static const uint8_t *image;
static uint32_t space[$space];
static int64_t sums[CLASSES], totals[CLASSES];

static uint32_t root(uint64_t value) {
    uint64_t found = 0, bit = (uint64_t)1 << 62;
    while (bit > value) bit >>= 2;
    for (; bit; bit >>= 2) {
        if (value >= found + bit) { value -= found + bit; found = (found >> 1) + bit; }
        else found >>= 1;
    }
    return (uint32_t)found;
}

static void add(const int16_t *weights, uint32_t value) {
    for (int k = 0; k < CLASSES; k++) sums[k] += (int64_t)weights[k] * value;
}

static void close_part(int bits) {
    for (int k = 0; k < CLASSES; k++) { totals[k] += sums[k] / ((int64_t)1 << bits); sums[k] = 0; }
}

#ifdef USES_LUMA
static uint32_t luma(const uint8_t *pixel) {  /* thousandths of a gray level */
    return CHANNELS == 1 ? 1000u * pixel[0] : 299u * pixel[0] + 587u * pixel[1] + 114u * pixel[CHANNELS - 1];
}
#endif

#ifdef USES_GRAY_BIN
static int gray_bin(int y, int x, int n_bins) {
    return (int)(luma(image + (y * WIDTH + x) * CHANNELS) * (uint32_t)n_bins / 256000u);
}
#endif

#ifdef USES_COLOR_BIN
static int color_bin(int y, int x, int n_bins) {
    const uint8_t *p = image + (y * WIDTH + x) * CHANNELS;
    int red = p[0], green = p[1], blue = p[2], most = red, least = red, sixths;
    if (green > most) most = green;
    if (blue > most) most = blue;
    if (green < least) least = green;
    if (blue < least) least = blue;
    int spread = most - least, hue = 0, saturation = most ? spread * n_bins / most : 0, value = most * n_bins / 255;
    if (spread) {
        if (most == blue) sixths = 4 * spread + red - green;
        else if (most == green) sixths = 2 * spread + blue - red;
        else sixths = green - blue;
        if (sixths < 0) sixths += 6 * spread;
        hue = sixths * n_bins / (6 * spread);
    }
    if (saturation >= n_bins) saturation = n_bins - 1;
    if (value >= n_bins) value = n_bins - 1;
    return (hue * n_bins + saturation) * n_bins + value;
}
#endif

#ifdef USES_PATTERN_BIN
static uint8_t grays[HEIGHT * WIDTH];
static const int16_t *circle;  /* of each point: rows down, columns right, and their fractions of 4096 */
static int uniform;

static void fill_grays(void) {
    for (int i = 0; i < HEIGHT * WIDTH; i++) grays[i] = (uint8_t)((luma(image + i * CHANNELS) + 500u) / 1000u);
}

static uint32_t gray_at(int y, int x) {
    return y < 0 || x < 0 || y >= HEIGHT || x >= WIDTH ? 0 : grays[y * WIDTH + x];
}

static int pattern_bin(int y, int x, int n_points) {
    uint32_t own = gray_at(y, x) << 24;
    int code = 0, ones = 0, changes = 0, last = 0;
    for (int i = 0; i < n_points; i++) {
        int top = y + circle[4 * i], left = x + circle[4 * i + 1];
        uint32_t down = (uint32_t)circle[4 * i + 2], across = (uint32_t)circle[4 * i + 3];
        uint32_t upper = (4096 - across) * gray_at(top, left) + across * gray_at(top, left + 1);
        uint32_t lower = (4096 - across) * gray_at(top + 1, left) + across * gray_at(top + 1, left + 1);
        int bright = (4096 - down) * upper + down * lower >= own;
        changes += i > 0 && bright != last;
        ones += bright;
        code |= bright << i;
        last = bright;
    }
    return !uniform ? code : changes <= 2 ? ones : n_points + 1;
}
#endif

#ifdef USES_HISTOGRAMS
static void histograms(int (*bin)(int, int, int), int argument, int n_numbers, int n_cells, const int16_t *weights) {
    for (int cell = 0; cell < n_cells * n_cells; cell++, weights += n_numbers * CLASSES) {
        int row = cell / n_cells, column = cell % n_cells;
        int left = (column * WIDTH + n_cells - 1) / n_cells, right = ((column + 1) * WIDTH + n_cells - 1) / n_cells;
        int bottom = ((row + 1) * HEIGHT + n_cells - 1) / n_cells;
        for (int i = 0; i < n_numbers; i++) space[i] = 0;
        for (int y = (row * HEIGHT + n_cells - 1) / n_cells; y < bottom; y++)
            for (int x = left; x < right; x++) space[bin(y, x, argument)]++;
        for (int i = 0; i < n_numbers; i++)
            if (space[i]) add(weights + i * CLASSES, root((uint64_t)space[i] << 24));
    }
}
#endif

#ifdef USES_HOG
static const uint32_t *magnitude(int y, int x, int i, int block, int columns, int n_bins) {
    int cell = i / n_bins;
    return space + ((y + cell / block) * columns + x + cell % block) * n_bins + i % n_bins;
}

static uint64_t share(uint64_t value, uint64_t length) {
    if (length == 0) return 0;
    value = (value << 15) / length;
    return value > 6554 ? 6554 : value;  /* 0.2 */
}

static void hog(int cell, int block, int n_bins, const int32_t *borders, const int16_t *weights, int bits) {
    int rows = HEIGHT / cell, columns = WIDTH / cell, n_blocks = 0;
    for (int i = 0; i < rows * columns * n_bins; i++) space[i] = 0;
    for (int y = 0; y < rows * cell; y++)
        for (int x = 0; x < columns * cell; x++) {
            int32_t steepest = -1, right = 0, down = 0, bin = 0;
            for (int c = 0; c < CHANNELS; c++) {
                const uint8_t *p = image + (y * WIDTH + x) * CHANNELS + c;
                int32_t dx = x == 0 || x == WIDTH - 1 ? 0 : p[CHANNELS] - p[-CHANNELS];
                int32_t dy = y == 0 || y == HEIGHT - 1 ? 0 : p[WIDTH * CHANNELS] - p[-WIDTH * CHANNELS];
                if (dx * dx + dy * dy > steepest) { steepest = dx * dx + dy * dy; right = dx; down = dy; }
            }
            if (down < 0 || (down == 0 && right < 0)) { down = -down; right = -right; }
            while (bin < n_bins - 1 && down * borders[2 * bin] >= right * borders[2 * bin + 1]) bin++;
            space[((y / cell) * columns + x / cell) * n_bins + bin] += root((uint64_t)steepest << 14);
        }
    for (int y = 0; y + block <= rows; y++)
        for (int x = 0; x + block <= columns; x++, weights += block * block * n_bins * CLASSES) {
            uint64_t length = 0, clipped = 0;
            for (int i = 0; i < block * block * n_bins; i++) {
                uint64_t value = *magnitude(y, x, i, block, columns, n_bins);
                length += value * value;
            }
            length = root(length);
            for (int i = 0; i < block * block * n_bins; i++) {
                uint64_t value = share(*magnitude(y, x, i, block, columns, n_bins), length);
                clipped += value * value;
            }
            clipped = root(clipped);
            for (int i = 0; i < block * block * n_bins; i++) {
                uint64_t value = share(*magnitude(y, x, i, block, columns, n_bins), length);
                if (value) add(weights + i * CLASSES, (uint32_t)((value << 15) / clipped));
            }
            n_blocks += length > 0;
        }
    if (n_blocks)
        for (int k = 0; k < CLASSES; k++) sums[k] = sums[k] * 65536 / root((uint64_t)n_blocks << 30);
    close_part(bits);
}
#endif

$tables
int model_predict(const uint8_t *pixels, int32_t *scores) {
    int best = 0;
    image = pixels;
    for (int k = 0; k < CLASSES; k++) { sums[k] = 0; totals[k] = bias[k]; }
$calls
    for (int k = 0; k < CLASSES; k++) {
        scores[k] = (int32_t)totals[k];
        if (totals[k] > totals[best]) best = k;
    }
    return best;
}
