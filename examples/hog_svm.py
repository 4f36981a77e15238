"""HOG and a linear SVM in ten lines: scikit-learn's Pipeline around a feature family."""

from sklearn.pipeline import make_pipeline

import bakeoff

pictures = bakeoff.load("digits")  # or the path of a folder with one sub-folder per class
model = make_pipeline(bakeoff.FeatureExtractor(bakeoff.Hog()), bakeoff.LinearSvmClassifier(C=1.0))
model.fit(pictures.train.images, pictures.train.labels)
accuracy = model.score(pictures.test.images, pictures.test.labels)
print(f"{accuracy:.1%} of {len(pictures.test)} test pictures")
