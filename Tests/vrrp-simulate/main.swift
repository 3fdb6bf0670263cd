// The simulator as a program.

print("not yet")
