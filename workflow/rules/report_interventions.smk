# What people look at: interventions.
#
# In: comparisons. Out: results/{study}/tables, figures.
