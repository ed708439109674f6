/**
 * Whether an attribution ranks the pixels first that a model's label depends on: an audit by
 * retraining.
 *
 * <p>Attribution A(model, x) scores every pixel, by default |d loss / d x|. Unmasking keeps the
 * share k of the pixels with the highest (or lowest) scores of every image, of training and test
 * set, and fills the others. PP is the test accuracy of a new model of the same family, trained
 * from scratch on what is left:
 *
 * <p>DiffROAR(A, k) = PP(top k) - PP(bottom k).
 *
 * <p>Above 0 the assumption holds that large scores mark discriminative pixels; 0 is what random
 * scores get. Robust models minimise max over ||delta|| at most epsilon of the loss at x + delta,
 * the inner maximum by projected gradient ascent ({@link
 * org.lapidary.interpret.diffroar.RobustTraining}).
 *
 * <p>{@link org.lapidary.interpret.diffroar.BlockMnist} stacks a digit and a pattern that is always
 * the same, at random places: how many of the highest scores lie in the pattern is the leakage. In
 * {@link org.lapidary.interpret.diffroar.Coordinates} a single coordinate at a random place holds
 * the label, x = eta g + y e_j, and for wide ReLU networks it is proven that the gradient does not
 * single it out.
 *
 * <p>DiffROAR costs 2 retrained models for every share and repetition. Fashion-MNIST is not among
 * the data sets that the house can read, so CIFAR-10 stands in its place (the paper measures both),
 * in grey.
 *
 * <p>On BlockMNIST the checks of accuracy and of robust models fail: against an adversary of radius
 * 2 the dense network ended with a constant answer, and the convolutional one's gradients lay in
 * the block without information as often as the standard one's.
 */
@NullMarked
@Paper(
    id = "diffroar",
    title = "Do Input Gradients Highlight Discriminative Features?",
    arxiv = "2102.12781",
    claim =
        "Input gradients of standard models do not rank discriminative pixels first and leak into blocks without information; those of adversarially trained models do not",
    reproduction = DiffRoarReproduction.class)
package org.lapidary.interpret.diffroar;

import org.jspecify.annotations.NullMarked;
import org.lapidary.evidence.Paper;
