"""The arithmetic contract in Python and NumPy, to be read beside
docs/ARITHMETIC.md, section by section:

arithmetic  The eight clauses (1 to 4), Functions
counted     The generator; Whole numbers and orders
operations  Operations
images      Clause 6, Augmentation, Noise fields, Noise
networks    The arena, Initialisation; Layers and Backward of A run
training    Clause 8, Learning rates, A run
answers     Evaluation
selftest    The self-test's problem
files       a run's folder, and its data as the program exports them
check       whether arithmetic and counted are what they say
"""
