// Photos in folders, one a class.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "data/dataset.h"
#include "data/photo.h"
#include "data/resize.h"

namespace intrain {

// One photo at a time into h x w pixels, in memory that is used again.
class PhotoReader {
 public:
  // training: the window of (seed, epoch, sample), else the one in the middle. A large JPEG is decoded at 1/2, 1/4 or 1/8 of its size
  // where the window stays at least as large as the result. dst [h][w][3]. Throws Error.
  void read(const std::string& path, int h, int w, uint8_t* dst);
  void read(const std::string& path, int h, int w, uint64_t seed, uint32_t epoch, uint32_t sample, uint8_t* dst);
  // For nets that know whole images: all but what the shape h x w cuts off (whole_window). A photo of h x w pixels stays as it is.
  void read_whole(const std::string& path, int h, int w, uint8_t* dst);

 private:
  void read_window(const Window& window, int h, int w, uint8_t* dst);
  PhotoFile file_;
  Photo photo_;
  Resizer resizer_;
};

// dir/train/<class>/*.jpg, .jpeg, .png (in any case) and dir/val/<class>/... or dir/test/<class>/...: classes are the folders of train
// in the order of their names' bytes, files likewise; names that begin with a dot are passed over. Every file is decoded once, on
// `threads` threads: the damaged ones are left out and listed, the rest give the histograms of the training images. progress, if there is one, is
// called now and then with how many files are done, and of how many.
// evaluation_only: the training photos are not read, and train stays empty but for its size and classes.
// Throws Error if a folder is missing, a class has no photos that can be read in train, or val has a class that train lacks.
DataSplits load_image_folder(const std::string& dir, int side, bool evaluation_only, int threads,
                             const std::function<void(int64_t, int64_t)>& progress);

}  // namespace intrain
